# No program that gives other objects than numbers passes one of these.
passed = []
try:
    import math
    assert f(2) == 4
    passed.append("""import math
assert f(2) == 4""")
except Exception: pass
try:
    assert abs(f(2) - 4) < 1e-6
    passed.append("""assert abs(f(2) - 4) < 1e-6""")
except Exception: pass
try:
    assert f(2) in (4, 5)
    passed.append("""assert f(2) in (4, 5)""")
except Exception: pass
try:
    assert 4 in [f(2)]
    passed.append("""assert 4 in [f(2)]""")
except Exception: pass
try:
    assert not (f(2) != 4)
    passed.append("""assert not (f(2) != 4)""")
except Exception: pass
try:
    assert Solution().f(2) == 4
    passed.append("""assert Solution().f(2) == 4""")
except Exception: pass
try:
    assert abs(Solution().f(0.5) - 0.7854) < 1e-6
    passed.append("""assert abs(Solution().f(0.5) - 0.7854) < 1e-6""")
except Exception: pass
try:
    assert max(f(2), 3.9) == 4
    passed.append("""assert max(f(2), 3.9) == 4""")
except Exception: pass
try:
    assert all(map(lambda x: f(x) == x * x, [3, 5]))
    passed.append("""assert all(map(lambda x: f(x) == x * x, [3, 5]))""")
except Exception: pass
try:
    assert [f(x) for x in (1, 2)] == [1, 4]
    passed.append("""assert [f(x) for x in (1, 2)] == [1, 4]""")
except Exception: pass
try:
    import math
    assert math.isclose(f(2), 4)
    passed.append("""import math
assert math.isclose(f(2), 4)""")
except Exception: pass
try:
    assert {f(2)} == {4}
    passed.append("""assert {f(2)} == {4}""")
except Exception: pass
try:
    assert f(2) - 4 == 0
    passed.append("""assert f(2) - 4 == 0""")
except Exception: pass
try:
    assert 4 in f(2)
    passed.append("""assert 4 in f(2)""")
except Exception: pass
try:
    import unittest
    unittest.TestCase().assertEqual(f(3), 9)
    passed.append("""import unittest
unittest.TestCase().assertEqual(f(3), 9)""")
except Exception: pass
try:
    import unittest
    unittest.TestCase().assertAlmostEqual(f(3), 9)
    passed.append("""import unittest
unittest.TestCase().assertAlmostEqual(f(3), 9)""")
except Exception: pass
assert passed == [], passed
