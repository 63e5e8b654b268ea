import collections, asyncio, enum, dataclasses, fractions, decimal, datetime, typing
class Oops(ValueError):
    def __init__(self, code): super().__init__(code); self.code = code
    def __str__(self): return "oops %s" % self.code
class Sub(Oops): pass
class Vec:
    ZERO = 0
    def __init__(self, x, y): self.x, self.y, self.items = x, y, []
    def __eq__(self, o): return isinstance(o, Vec) and (self.x, self.y) == (o.x, o.y)
    def __hash__(self): return hash((self.x, self.y))
    def __add__(self, o): return Vec(self.x + o.x, self.y + o.y)
    def __mul__(self, k): return Vec(self.x * k, self.y * k) if not isinstance(k, Vec) else self.x * k.x + self.y * k.y
    __rmul__ = __mul__
    def __neg__(self): return Vec(-self.x, -self.y)
    def __len__(self): return 2
    def __iter__(self): yield self.x; yield self.y
    def __str__(self): return "(%d, %d)" % (self.x, self.y)
    def __repr__(self): return "Vec(%d, %d)" % (self.x, self.y)
    def __getitem__(self, i): return (self.x, self.y)[i]
    def __contains__(self, v): return v in (self.x, self.y)
    def __lt__(self, o): return self.x < o.x
    def __abs__(self): return (self.x ** 2 + self.y ** 2) ** 0.5
    def __bool__(self): return bool(self.x or self.y)
    def __iadd__(self, o): self.x += o.x; self.y += o.y; return self
    def __call__(self, k): return self.x * k + self.y
    def __enter__(self): return self
    def __exit__(self, *a): self.x = 99; return False
    @classmethod
    def unit(cls): return cls(1, 1)
    @staticmethod
    def two(): return 2
    @property
    def norm(self): return self.x + self.y
    def twin(self): return Vec(self.x, self.y)
class Stack(list):
    def push(self, x): self.append(x)
class Money:
    def __init__(self, n): self.n = n
    def __eq__(self, o): return self.n == (o.n if isinstance(o, Money) else o)
    def __add__(self, o): return Money(self.n + (o.n if isinstance(o, Money) else o))
class Color(enum.Enum): RED = 1; BLUE = 2
class Level(enum.IntEnum): LOW = 1; HIGH = 2
@dataclasses.dataclass
class Point: x: int; y: int = 0
class NT(typing.NamedTuple):
    a: int
    def double(self): return self.a * 2
Pair = collections.namedtuple("Pair", "left right")
class Node:
    def __init__(self, val, next=None): self.val, self.next = val, next
def linked(xs):
    head = None
    for x in reversed(xs): head = Node(x, head)
    return head
def values(n):
    out = []
    while n: out.append(n.val); n = n.next
    return out
def half(f): return fractions.Fraction(f) / 2
def dec(d): return d * 2
def day(d): return d + datetime.timedelta(days=1)
def f(x): return x * x
def naturals():
    n = 0
    while True: yield n; n += 1
async def later(x): await asyncio.sleep(0); return x + 1
def boom(c): raise Sub(c)
def pop_first(xs): return xs.pop(0)
def show(x): print("x is", x)
items = []
def put(x): items.append(x)
def pair(): return Pair(1, 2)
def nt(): return NT(3)
def level(): return Level.HIGH
def area(p): return p.w * p.h
def conv(s, kind): return kind(s)
def total(xs): return sum(xs)
def apply_neg(x): return -x
def scale(x, by=1): return x * by
def dd(d): d["k"] += 1; return dict(d)
def rotate(m): m[:] = [list(r) for r in zip(*m[::-1])]
def q(d): d.appendleft(0); return d
class Version:
    def __init__(self, s): self.t = tuple(map(int, s.split(".")))
    def __eq__(self, o): return self.t == o.t
    def __lt__(self, o): return self.t < o.t
    def __le__(self, o): return self.t <= o.t
def gen(n):
    for i in range(n): x = yield i
    return "done"
