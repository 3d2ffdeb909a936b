// exp, log and pow of our own: the same bits on every x86-64 machine, whatever the C library. Cores use these alone
// (docs/determinism.md); sqrt and the four operations are exact by IEEE 754 and need no version of ours.
//
// Accuracy, measured by tests/unit/base/math_test.cc: relative error below 1e-15 for Exp and Log (absolute below 1e-15
// for Log near 1), below 2e-15 for Pow over the whole range of normal results. Results below the smallest normal double
// are flushed to 0.
#pragma once

namespace spillway {

// e^x. +inf above 709.78, 0 below -708.39; NaN gives NaN.
double Exp(double x);

// Natural logarithm. -inf at 0, NaN below 0, +inf at +inf.
double Log(double x);

// x^y. As std::pow: Pow(x, 0) is 1, negative x needs a whole y (else NaN), Pow(0, y < 0) is +inf (sign of zero
// ignored).
double Pow(double x, double y);

}  // namespace spillway
