# glmnet's path on the data of lasso_sklearn.py: Rscript lasso_glmnet.R FOLDER LAMBDAS RATIO TARGETS
# Reads masks.raw (bytes) and outputs.raw (float32), written by lasso_sklearn.py's data through numpy.
suppressMessages(library(glmnet))
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
lambdas <- as.integer(arguments[2])
ratio <- as.numeric(arguments[3])
some <- as.integer(arguments[4])
shape <- scan(file.path(folder, "shape.txt"), quiet = TRUE)
m <- shape[1]; n <- shape[2]; t <- shape[3]
x <- matrix(as.numeric(readBin(file.path(folder, "masks.raw"), "integer", m * n, size = 1)), m, n,
            byrow = TRUE)
y <- matrix(readBin(file.path(folder, "outputs.raw"), "numeric", m * t, size = 4), m, t, byrow = TRUE)
grid <- exp(seq(0, log(ratio), length.out = lambdas))
some <- min(some, t)
seconds <- system.time(for (k in seq_len(some))
  fit <- glmnet(x, y[, k], lambda = grid, standardize = TRUE, thresh = 1e-7))["elapsed"]
cat(sprintf("glmnet %s: %.3f s for %d targets, %.3f s for %d\n", packageVersion("glmnet"), seconds,
            some, seconds * t / some, t))
