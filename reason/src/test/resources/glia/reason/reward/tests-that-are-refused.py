import unittest.mock
assert f(2) == 4
# --
class W(Vec): pass
assert W(1, 2).x == 1
# --
class N: pass
assert f(N()) == 4
# --
import sys, io
sys.stdin = io.StringIO("3")
assert f(2) == 4
