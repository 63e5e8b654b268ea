# Each part holds for program.py.
v = Vec(1, 2)
assert v == Vec(1, 2) and v != Vec(2, 1)
assert len(v) == 2 and str(v) == "(1, 2)" and repr(v) == "Vec(1, 2)" and f"{v}" == "(1, 2)"

assert list(Vec(1, 2)) == [1, 2] and tuple(Vec(3, 4)) == (3, 4)
x, y = Vec(5, 6)
assert (x, y) == (5, 6)

assert Vec(1, 2) + Vec(3, 4) == Vec(4, 6) and Vec(1, 2) * 2 == Vec(2, 4) and 2 * Vec(1, 2) == Vec(2, 4)
assert Vec(1, 2) * Vec(3, 4) == 11 and -Vec(1, 2) == Vec(-1, -2) and abs(Vec(3, 4)) == 5.0

assert Vec(1, 2)[0] == 1 and 2 in Vec(1, 2) and 7 not in Vec(1, 2) and Vec(1, 2)[0:2] == (1, 2)
assert Vec(0, 1) < Vec(1, 0) and sorted([Vec(3, 0), Vec(1, 0)])[0].x == 1

assert len({Vec(1, 2), Vec(1, 2)}) == 1 and Vec(1, 2) in [Vec(1, 2)] and {Vec(1, 2): 5}[Vec(1, 2)] == 5
assert not Vec(0, 0) and Vec(1, 0)

v = Vec(1, 2); w = v
v += Vec(1, 1)
assert v is w and v.x == 2 and (v.x, v.y) == (2, 3)
v.x = 10
assert v.norm == 13 and v(2) == 23
del v.items
assert not hasattr(v, "items")

with Vec(1, 2) as v: assert v.x == 1
assert v.x == 99

assert Vec.unit() == Vec(1, 1) and Vec.two() == 2 and Vec.ZERO == 0 and isinstance(Vec(1, 2), Vec)
assert not isinstance(5, Vec) and type(Vec(1, 2)) is Vec and type(Vec(1, 2)).__name__ == "Vec" and type(f(2)) is int
assert Vec(1, 2).__class__.__name__ == "Vec" and Vec.__name__ == "Vec"

v = Vec(1, 2)
v.items.append(5)
assert v.items == [5] and v.twin().x == 1 and v.twin() == v

s = Stack()
s.push(1); s.append(2)
assert len(s) == 2 and s == [1, 2] and s[0] == 1 and s.pop() == 2 and 1 in s and [1] == s

assert Money(5) == 5 and Money(2) + 3 == 5 and Money(2) + Money(3) == Money(5) and Money(5) != 6

assert Color.RED.value == 1 and Color.RED.name == "RED" and Color.RED is Color.RED and Color.RED == Color.RED
assert Color(1) is Color.RED and Color["BLUE"] == Color.BLUE and len(Color) == 2 and [c.name for c in Color] == ["RED", "BLUE"]
assert level() == 2 and level().name == "HIGH" and Level.LOW < Level.HIGH and Color.RED != Color.BLUE

assert Point(1, 2) == Point(1, 2) and Point(1).y == 0 and repr(Point(1, 2)) == "Point(x=1, y=2)"
import dataclasses

assert pair() == (1, 2) and pair().left == 1 and pair()[1] == 2 and nt().double() == 6 and nt().a == 3

h = linked([1, 2, 3])
assert h.val == 1 and h.next.val == 2 and h.next.next.next is None and values(h) == [1, 2, 3]
assert values(Node(4, Node(5))) == [4, 5]

from fractions import Fraction
from decimal import Decimal
import datetime
assert half(Fraction(1, 3)) == Fraction(1, 6) and dec(Decimal("1.10")) == Decimal("2.20")
assert day(datetime.date(2024, 2, 28)) == datetime.date(2024, 2, 29)

import itertools
assert list(itertools.islice(naturals(), 5)) == [0, 1, 2, 3, 4]
g = naturals()
assert next(g) == 0 and next(g) == 1
assert sum(x for x in itertools.islice(naturals(), 200)) == 19900

import asyncio
assert asyncio.run(later(1)) == 2
async def main(): return await asyncio.gather(later(1), later(2))
assert asyncio.run(main()) == [2, 3]

for kind in (Sub, Oops, ValueError, Exception):
    try: boom(7); assert False
    except kind as e: assert e.code == 7 and str(e) == "oops 7" and e.args == (7,)
try: boom(3)
except KeyError: assert False
except ValueError: pass

xs = [1, 2]
assert pop_first(xs) == 1 and xs == [2]
m = [[1, 2], [3, 4]]
rotate(m)
assert m == [[3, 1], [4, 2]]

import io, contextlib
out = io.StringIO()
with contextlib.redirect_stdout(out): show(3)
assert out.getvalue() == "x is 3\n"

put(1); put(2)
assert items == [1, 2]

import collections
R = collections.namedtuple("R", "w h")
assert area(R(2, 3)) == 6
d = collections.defaultdict(int)
assert dd(d) == {"k": 1} and d["k"] == 1
q1 = collections.deque([1, 2])
assert q(q1) == collections.deque([0, 1, 2]) and q1[0] == 0

assert conv("5", int) == 5 and conv("5", float) == 5.0 and total(x for x in range(4)) == 6 and total(f(x) for x in range(3)) == 5
assert scale(3, by=2) == 6

def test_f(): assert f(3) == 9

class TestF:
    def test_it(self): assert f(3) == 9

import unittest
class T(unittest.TestCase):
    def test_a(self): self.assertEqual(f(3), 9)
    def test_b(self):
        with self.assertRaises(Oops): boom(1)
    def test_c(self): self.assertEqual(Vec(1, 2), Vec(1, 2)); self.assertIsInstance(Vec(1, 2), Vec); self.assertIn(1, Vec(1, 2))

import copy
v = Vec(1, 2)
w = copy.deepcopy(v)
w.x = 5
assert v.x == 1 and v == copy.copy(v) and v is not w

s = Stack()
assert s.__iadd__([1]) is s and Vec(1, 2) is not Vec(1, 2) and Color(1) is Color.RED and Vec(1, 2).x is not None

import threading
r = []
ts = [threading.Thread(target=lambda i=i: r.append(f(i))) for i in range(5)]
[t.start() for t in ts]; [t.join() for t in ts]
assert sorted(r) == [0, 1, 4, 9, 16]

# An equality that fails on other objects than its own.
assert Version("1.2") < Version("1.10") and Version("2.0") >= Version("1.9")
assert sorted([Version("2.0"), Version("1.0")]) == [Version("1.0"), Version("2.0")]

numbers = gen(3)
assert next(numbers) == 0 and numbers.send("x") == 1 and list(numbers) == [2]
try: next(gen(0)); assert False
except StopIteration as e: assert e.value == "done"

# A program may write much that nobody reads.
for n in range(300): show("x" * 10000)
