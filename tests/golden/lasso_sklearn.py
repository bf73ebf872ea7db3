"""Writes lasso_sklearn.hpp: a small LASSO and elastic-net problem with scikit-learn's solutions.

    python tests/golden/lasso_sklearn.py > tests/golden/lasso_sklearn.hpp

Made with numpy 2.4.6 and scikit-learn 1.9.1.
"""
import numpy as np
from sklearn.linear_model import ElasticNet, Lasso, Ridge

m, n, t = 48, 30, 3
rng = np.random.default_rng(7)
x = np.zeros((m, n))
for row in x:
    row[rng.permutation(n)[:15]] = 1
beta = np.zeros((n, t))
for k in range(t):
    beta[rng.permutation(n)[:5], k] = rng.normal(size=5)
y = np.round(x @ beta + 0.3 * rng.normal(size=(m, t)) + 2, 3)

scaled = (x - x.mean(0)) / x.std(0)
centred = y - y.mean(0)
largest = np.abs(scaled.T @ centred).max(0) / m


def objective(w, k, lam, l1_ratio):
    r = centred[:, k] - scaled @ w
    return (r @ r) / (2 * m) + lam * (l1_ratio * np.abs(w).sum() + (1 - l1_ratio) / 2 * (w @ w))


def solve(k, fraction, l1_ratio):
    lam = fraction * largest[k] / l1_ratio
    model = (Lasso(alpha=lam, fit_intercept=False, tol=1e-14, max_iter=10**6) if l1_ratio == 1 else
             ElasticNet(alpha=lam, l1_ratio=l1_ratio, fit_intercept=False, tol=1e-14, max_iter=10**6))
    w = model.fit(scaled, centred[:, k]).coef_
    return objective(w, k, lam, l1_ratio)


def numbers(values):
    return ", ".join(f"{v:.15g}" for v in np.ravel(values))


print("// Written by lasso_sklearn.py (scikit-learn 1.9.1); do not edit.")
print("#pragma once\n\nnamespace golden {\n")
print(f"inline constexpr int models = {m}, examples = {n}, targets = {t};")
print("// Mask of each model, example 0 first.")
print(f"inline constexpr const char* masks[{m}] = {{")
for row in x:
    print('    "' + "".join(str(int(v)) for v in row) + '",')
print("};\n// [models][targets]")
print(f"inline constexpr double outputs[{m * t}] = {{")
for row in y:
    print("    " + numbers(row) + ",")
print("};")
print("inline constexpr double fractions[3] = {0.5, 0.2, 0.05};  // lambda * l1_ratio / max |c|")
print("// Objectives [targets][fractions], LASSO and elastic net with l1_ratio 0.7.")
print(f"inline constexpr double lasso[{3 * t}] = {{")
print("    " + numbers([[solve(k, f, 1) for f in (.5, .2, .05)] for k in range(t)]) + "};")
print(f"inline constexpr double elastic_net[{3 * t}] = {{")
print("    " + numbers([[solve(k, f, .7) for f in (.5, .2, .05)] for k in range(t)]) + "};")
print("// Ridge(alpha = m * 0.3) on standardised columns, [targets][examples].")
print(f"inline constexpr double ridge[{n * t}] = {{")
for k in range(t):
    w = Ridge(alpha=m * .3, fit_intercept=False, solver="cholesky").fit(scaled, centred[:, k]).coef_
    print("    " + numbers(w) + ",")
print("};\n\n}  // namespace golden")
