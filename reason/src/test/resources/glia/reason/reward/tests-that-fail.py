# None of these holds for program.py.
passed = []
try:
    assert f(2) == 5
    passed.append("""assert f(2) == 5""")
except AssertionError: pass
try:
    assert Vec(1, 2) + Vec(3, 4) == Vec(4, 7)
    passed.append("""assert Vec(1, 2) + Vec(3, 4) == Vec(4, 7)""")
except AssertionError: pass
try:
    assert len(Vec(1, 2)) == 3
    passed.append("""assert len(Vec(1, 2)) == 3""")
except AssertionError: pass
try:
    assert list(Vec(1, 2)) == [1, 3]
    passed.append("""assert list(Vec(1, 2)) == [1, 3]""")
except AssertionError: pass
try:
    from fractions import Fraction
    assert half(Fraction(1, 3)) == Fraction(1, 5)
    passed.append("""from fractions import Fraction
assert half(Fraction(1, 3)) == Fraction(1, 5)""")
except AssertionError: pass
try:
    assert Money(5) == 6
    passed.append("""assert Money(5) == 6""")
except AssertionError: pass
try:
    x = linked([1]); assert x.val == 2
    passed.append("""x = linked([1]); assert x.val == 2""")
except AssertionError: pass
assert passed == [], passed
