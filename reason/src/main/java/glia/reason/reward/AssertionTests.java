package glia.reason.reward;

import glia.reason.sandbox.Sandbox;
import glia.reason.sandbox.SandboxResult;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/// Runs tests that are Python code, such as assertions, on a program that never sees them.
///
/// Two processes run in sandboxes of their own: the program serves calls of its functions in one, the tests are run in
/// the other ([AssertionJudge]), where a name that they use and do not define stands for a function or class of the
/// program. Data crosses as values: a result has no comparison and no code of its own where it is compared. Objects of
/// the program stay in its process; the tests have handles of them, whose operations (attributes, `len`, `str`,
/// iteration, operators) are computed there and give data or further handles.
///
/// What a test expects does not cross: a handle is not compared with data by the program's code, unless the test itself
/// made the object by calling a class whose name begins with a capital letter.
final class AssertionTests {
    private static final int PASSED = 0;
    private static final int REFUSED = 4;

    /// Values as tuples of plain literals and back. The function `first` encodes what has a form of its own, `other`
    /// what is no data.
    static final String VALUES = """
            import ast, builtins, collections, itertools, os, sys, types
            _ITERATORS = (map, filter, zip, enumerate, reversed, type(iter([])), type({}.keys()), type({}.values()),
                          type({}.items()), itertools.chain, itertools.islice)
            _ATOMS = (str, bytes, type(None), bool)
            _MADE = {"fractions.Fraction": lambda v: (v.numerator, v.denominator),
                "decimal.Decimal": lambda v: (str(v),),
                "datetime.date": lambda v: (v.year, v.month, v.day),
                "datetime.datetime": lambda v: tuple(v.timetuple()[:6]) + (v.microsecond,),
                "datetime.time": lambda v: (v.hour, v.minute, v.second, v.microsecond),
                "datetime.timedelta": lambda v: (v.days, v.seconds, v.microseconds),
                "uuid.UUID": lambda v: (str(v),), "builtins.slice": lambda v: (v.start, v.stop, v.step),
                "collections.deque": lambda v: (list(v), v.maxlen), "collections.Counter": lambda v: (dict(v),),
                "collections.OrderedDict": lambda v: (list(v.items()),),
                "collections.defaultdict": lambda v: (v.default_factory, dict(v))}
            def _encode(v, first, other):
                own = first(v)
                if own is not None: return own
                def go(x): return _encode(x, first, other)
                if isinstance(v, bool) or v is None: return ("v", v if v is None else bool(v))
                if isinstance(v, int): return ("i", hex(int.__index__(v)))
                if isinstance(v, float): return ("f", float.__repr__(v))
                if isinstance(v, complex): return ("c", float.__repr__(v.real), float.__repr__(v.imag))
                if isinstance(v, str): return ("v", str.__str__(v))
                if isinstance(v, (bytes, bytearray)): return ("v", bytes(v))
                if isinstance(v, range): return ("a", hex(v.start), hex(v.stop), hex(v.step))
                if v is Ellipsis: return ("e",)
                kind = type(v).__module__ + "." + type(v).__qualname__
                if kind in _MADE and getattr(v, "tzinfo", None) is None:
                    return ("k", kind, [go(x) for x in _MADE[kind](v)])
                for tag, base in (("l", list), ("t", tuple), ("s", set), ("z", frozenset)):
                    if isinstance(v, base): return (tag, [go(x) for x in base.__iter__(v)])
                if isinstance(v, dict): return ("d", [(go(k), go(x)) for k, x in dict.items(v)])
                if isinstance(v, _ITERATORS): return ("g", [go(x) for x in itertools.islice(v, 10000)])
                if isinstance(v, type) and getattr(builtins, v.__name__, None) is v: return ("b", v.__name__)
                return other(v)
            def _decode(e, other):
                tag, rest = e[0], e[1:]
                if tag == "v" and type(rest[0]) in _ATOMS: return rest[0]
                if tag == "i": return int(rest[0], 16)
                if tag == "f": return float(rest[0])
                if tag == "c": return complex(float(rest[0]), float(rest[1]))
                if tag == "a": return range(*(int(x, 16) for x in rest))
                if tag == "e": return ...
                if tag == "b" and isinstance(getattr(builtins, rest[0]), type): return getattr(builtins, rest[0])
                if tag == "d": return {_decode(k, other): _decode(x, other) for k, x in rest[0]}
                if tag == "k" and rest[0] in _MADE:
                    module, name = rest[0].split(".")
                    return getattr(__import__(module), name)(*[_decode(x, other) for x in rest[1]])
                if tag in "ltszg":
                    items = [_decode(x, other) for x in rest[0]]
                    return {"l": list, "t": tuple, "s": set, "z": frozenset, "g": iter}[tag](items)
                return other(tag, *rest)
            def _change(target, value):
                if type(value) is type(target) and hasattr(target, "clear"):
                    target.clear()
                    target.extend(value) if hasattr(target, "extend") else target.update(value)
            """;

    private static final String SERVER = VALUES + """
            import copy, io, math, operator
            def _serve():
                requests = os.fdopen(os.dup(0), "r", encoding="ascii")
                replies = os.fdopen(os.dup(1), "w", encoding="ascii")
                null = os.open(os.devnull, os.O_RDWR)
                os.dup2(null, 0), os.dup2(null, 1)
                objects, places, sub = [], {}, (int, float, str, tuple, frozenset, bytes)
                printed, left = io.StringIO(), [500000]
                sys.stdout = printed
                def at(v):
                    if id(v) not in places:
                        places[id(v)] = len(objects)
                        objects.append(v)
                    return places[id(v)]
                def names(kind):
                    return [(k.__module__, k.__name__) for k in kind.__mro__ if issubclass(k, Exception)][:20]
                def first(v):
                    if id(v) in places and isinstance(v, (list, dict, set)): return kept(v)
                    # A value of a class of the program that is data, too: its methods stay here.
                    if isinstance(v, sub) and type(v).__module__ == "__main__":
                        return ("h", at(v), _encode(v, lambda x: None, kept))
                def kept(v):
                    if isinstance(v, Exception):
                        own = [(k, x) for k, x in vars(v).items() if isinstance(x, (str, int, float, type(None)))]
                        return ("x", names(type(v)), [encoded(x) for x in v.args], str(v), encoded(dict(own)))
                    if isinstance(v, type) and issubclass(v, Exception): return ("y", at(v), names(v))
                    kind = ("class" if isinstance(v, type) else "coroutine" if isinstance(v, types.CoroutineType)
                            else "function" if callable(v) else "object")
                    return ("r", at(v), kind)
                def encoded(v): return _encode(v, first, kept)
                def known(tag, *rest):
                    if tag == "r": return objects[rest[0]]
                    if tag == "x": return getattr(builtins, rest[0], Exception)(*[_decode(x, known) for x in rest[1]])
                    if tag == "n":
                        return collections.namedtuple(rest[0], rest[1])(*[_decode(x, known) for x in rest[2]])
                    raise ValueError(tag)
                def base(v):
                    return next((k(v) for k in (list, dict, set) if isinstance(v, k)), NotImplemented)
                def enter(v): return type(v).__enter__(v)
                def leave(v, e): return type(v).__exit__(v, e and type(e), e, e and e.__traceback__)
                def foreign(v):
                    try: return bool(v == object())
                    except Exception: return False
                def run(v):
                    import asyncio
                    return asyncio.run(v)
                def write(v, name, value): _change(getattr(v, name), value)
                def call(f, args, named): return f(*args, **named)
                own = {f.__name__: f for f in (base, enter, leave, foreign, run, write)}
                module = types.ModuleType("__main__")
                sys.modules["__main__"] = module
                exec(compile(open("main.py").read(), "main.py", "exec"), module.__dict__)
                def answer(op, args):
                    if op == "get":
                        found = args[0] in module.__dict__
                        return ("value", encoded(module.__dict__[args[0]])) if found else ("absent",)
                    if op not in ("call", "make"):
                        f = own.get(op)
                        for place in (operator, builtins, math, copy): f = f or getattr(place, op, None)
                        value = f(*args)
                        return ("absent",) if value is NotImplemented else ("value", encoded(value))
                    values = args[1] + list(args[2].values())
                    before = [encoded(a) if hasattr(a, "clear") and not isinstance(a, type) else None for a in values]
                    value = call(*args)
                    after = [encoded(a) if b else None for a, b in zip(values, before)]
                    after = [None if a == b else a for a, b in zip(after, before)]
                    made = op == "make" and type(value).__module__ == "__main__"
                    return ("value", kept(value) if made else encoded(value), after)
                for line in requests:
                    try:
                        op, args = _decode(ast.literal_eval(line), known)
                        reply = answer(op, args)
                    except StopIteration as e:
                        reply = ("stop", encoded(e.value))
                    except BaseException as e:
                        try: reply = ("raised", kept(e if isinstance(e, Exception) else Exception(type(e).__name__)))
                        except BaseException: reply = ("raised", ("x", [], [], "", ("d", [])))
                    # Traffic has a limit.
                    text = printed.getvalue()[-left[0]:] if left[0] else ""
                    left[0] -= len(text)
                    printed.seek(0), printed.truncate()
                    replies.write(ascii((text, reply)) + "\\n")
                    replies.flush()
            _serve()
            """;

    private AssertionTests() { }

    /// Whether a program passes tests.
    ///
    /// @param command that runs a file of Python
    /// @throws IllegalArgumentException if the tests are no Python, or cannot be run apart from a program
    static boolean pass(Sandbox sandbox, List<String> command, String program, String tests)
            throws IOException, InterruptedException {
        SandboxResult result = sandbox.converse(command, Map.of("main", AssertionJudge.PROGRAM, "tests.py", tests),
                Map.of("main", SERVER, "main.py", program));
        if (result.exitCode() == REFUSED && !result.errors().isBlank()) {
            throw new IllegalArgumentException("the sample's tests cannot be run: " + result.errors().strip().lines()
                    .reduce((first, last) -> last).orElseThrow());
        }
        return result.status() == SandboxResult.Status.SUCCEEDED && result.exitCode() == PASSED;
    }
}
