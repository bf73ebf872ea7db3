# glmnet's path on the data of lasso_sklearn.py: Rscript lasso_glmnet.R FOLDER LAMBDAS RATIO TARGETS
# Reads masks.raw (bytes), outputs.raw (float32) and shape.txt, which lasso_sklearn.py raw writes;
# writes glmnet.raw, double [targets][lambdas][examples] in mask units. Prints seconds, the best of
# five after a warm-up, or of one where that took more than 20 s.
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
fit_all <- function() lapply(seq_len(some), function(k)
  glmnet(x, y[, k], lambda = grid, standardize = TRUE, thresh = 1e-7))
time_of <- function() unname(system.time(fits <<- fit_all())["elapsed"])
runs <- if (time_of() <= 20) 5 else 1
seconds <- min(replicate(runs, time_of()))
out <- file(file.path(folder, "glmnet.raw"), "wb")
for (fit in fits) writeBin(as.vector(as.matrix(fit$beta)), out)
close(out)
cat(sprintf("glmnet %s, %d of %d targets scaled up: %.4f s (best of %d)\n", packageVersion("glmnet"),
            some, t, seconds * t / some, runs))
