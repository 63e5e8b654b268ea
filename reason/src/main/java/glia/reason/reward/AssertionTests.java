package glia.reason.reward;

import glia.reason.sandbox.Sandbox;
import glia.reason.sandbox.SandboxResult;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/// Runs tests that are Python code, such as assertions, on a program that never sees them.
///
/// Two processes run in sandboxes of their own: the program serves calls of its functions in one, the tests are run in
/// the other, where a name that they use and do not define stands for a function of the program. Arguments and results
/// cross as data (numbers, text, lists, tuples, sets, dictionaries, None; iterators as their elements; exceptions by
/// type and arguments), so a result has no method, no comparison and no code of its own where it is compared. A list,
/// dictionary or set is changed in place by a call that returns None. Instances of the program's classes stay there:
/// if the name of a class begins with a capital letter, tests may read attributes and call methods of its instances;
/// other objects are equal to nothing.
final class AssertionTests {
    private static final int PASSED = 0;
    private static final int REFUSED = 4;

    /// Values as tuples of plain literals and back; objects by number.
    private static final String VALUES = """
            import ast, itertools, os, sys, types
            _ITERATORS = (types.GeneratorType, map, filter, zip, enumerate, reversed, type(iter([])), type({}.keys()),
                          type({}.values()), type({}.items()), itertools.chain, itertools.islice)
            _ATOMS = (str, bytes, type(None), bool)
            def _encode(v, other):
                if isinstance(v, bool) or v is None: return ("v", v if v is None else bool(v))
                if isinstance(v, int): return ("i", hex(int.__index__(v)))
                if isinstance(v, float): return ("f", float.__repr__(v))
                if isinstance(v, complex): return ("c", float.__repr__(v.real), float.__repr__(v.imag))
                if isinstance(v, str): return ("v", str.__str__(v))
                if isinstance(v, (bytes, bytearray)): return ("v", bytes(v))
                if isinstance(v, range): return ("a", hex(v.start), hex(v.stop), hex(v.step))
                for tag, kind in (("l", list), ("t", tuple), ("s", set), ("z", frozenset)):
                    if isinstance(v, kind): return (tag, [_encode(x, other) for x in kind.__iter__(v)])
                if isinstance(v, dict):
                    return ("d", [(_encode(k, other), _encode(x, other)) for k, x in dict.items(v)])
                if isinstance(v, _ITERATORS):
                    return ("g", [_encode(x, other) for x in itertools.islice(v, 10000)])
                return other(v)
            def _decode(e, other):
                tag, rest = e[0], e[1:]
                if tag == "v" and type(rest[0]) in _ATOMS: return rest[0]
                if tag == "i": return int(rest[0], 16)
                if tag == "f": return float(rest[0])
                if tag == "c": return complex(float(rest[0]), float(rest[1]))
                if tag == "a": return range(*(int(x, 16) for x in rest))
                if tag == "d": return {_decode(k, other): _decode(x, other) for k, x in rest[0]}
                if tag == "r": return other(*rest)
                items = [_decode(x, other) for x in rest[0]]
                return {"l": list, "t": tuple, "s": set, "z": frozenset, "g": iter}[tag](items)
            """;

    private static final String SERVER = VALUES + """
            def _serve():
                requests = os.fdopen(os.dup(0), "r", encoding="ascii")
                replies = os.fdopen(os.dup(1), "w", encoding="ascii")
                null = os.open(os.devnull, os.O_RDWR)
                os.dup2(null, 0), os.dup2(null, 1)
                objects = []
                def kept(v):
                    objects.append(v)
                    kind = "object" if not callable(v) else "function"
                    if isinstance(v, type) and issubclass(v, Exception): kind = "exception " + v.__name__
                    return ("r", len(objects) - 1, kind)
                module = types.ModuleType("__main__")
                sys.modules["__main__"] = module
                exec(compile(open("main.py").read(), "main.py", "exec"), module.__dict__)
                for line in requests:
                    try:
                        op, target, args, named = _decode(ast.literal_eval(line), lambda i, kind: objects[i])
                        if op == "get" and target not in module.__dict__: reply = ("absent",)
                        else:
                            if op == "get": value = module.__dict__[target]
                            elif op == "attr": value = getattr(objects[target], args[0])
                            else: value = objects[target](*args, **named)
                            after = [_encode(a, kept) for a in args] if op == "call" and value is None else []
                            reply = ("value", _encode(value, kept), after)
                    except BaseException as e:
                        try: reply = ("raised", type(e).__name__, [_encode(a, kept) for a in e.args])
                        except BaseException: reply = ("raised", "Exception", [])
                    replies.write(ascii(reply) + "\\n")
                    replies.flush()
            _serve()
            """;

    private static final String JUDGE = VALUES + """
            import builtins
            def _judge():
                replies = os.fdopen(os.dup(0), "r", encoding="ascii")
                requests = os.fdopen(os.dup(1), "w", encoding="ascii")
                os.dup2(2, 1)
                raised, classes = [], {}
                def refuse(message):
                    os.write(2, ("\\n" + message).encode("utf-8", "replace"))
                    os._exit(4)
                class Unknown:
                    __slots__ = ("_at",)
                    def __init__(self, at): self._at = at
                class Instance(Unknown):
                    __slots__ = ()
                    def __getattr__(self, name):
                        if name.startswith("__"): raise AttributeError(name)
                        return ask("attr", self._at, [name])
                class Function(Unknown):
                    __slots__ = ("_name",)
                    def __init__(self, at, name=""): self._at, self._name = at, name
                    def __call__(self, *args, **named):
                        result = ask("call", self._at, list(args), named)
                        isNew = type(result) is Unknown and self._name[:1].isupper()
                        return Instance(result._at) if isNew else result
                def known(at, kind):
                    if kind.startswith("exception "): return exception(kind[10:])
                    return Function(at) if kind == "function" else Unknown(at)
                def exception(name):
                    found = getattr(builtins, name, None)
                    if isinstance(found, type) and issubclass(found, Exception): return found
                    return classes.setdefault(name, type(name, (Exception,), {}))
                def crossing(v):
                    if isinstance(v, Unknown): return ("r", v._at, "")
                    own = callable(v) and v not in list(classes.values())
                    if not own: raise TypeError("no data: " + type(v).__name__)
                    refuse("an argument of the type " + type(v).__name__
                           + " cannot cross to the program, only data can")
                def ask(op, target, args=(), named={}):
                    requests.write(ascii(_encode([op, target, list(args), named], crossing)) + "\\n")
                    requests.flush()
                    reply = ast.literal_eval(replies.readline())
                    if reply[0] == "raised":
                        values = [_decode(x, known) for x in reply[2]]
                        # A program that raises StopIteration would end a loop of the tests as if all were well.
                        name = "RuntimeError" if reply[1].startswith("Stop") else reply[1]
                        try: error = exception(name)(*values)
                        except Exception: error = RuntimeError(*values)
                        raised.append(error)
                        raise error
                    if reply[0] == "absent": return NotImplemented
                    value = _decode(reply[1], known)
                    for before, after in zip(args, reply[2]):
                        if type(before) in (list, dict, set):
                            new = _decode(after, known)
                            if type(new) is type(before) and new != before:
                                before.clear()
                                before.extend(new) if type(before) is list else before.update(new)
                    return value
                class Program(types.ModuleType):
                    def __getattr__(self, name):
                        value = NotImplemented if name.startswith("__") else ask("get", name)
                        if value is NotImplemented: raise AttributeError(name)
                        return Function(value._at, name) if type(value) is Function else value
                program = Program("main")
                program.__all__ = []
                source = open("tests.py", encoding="utf-8").read()
                try: tree = ast.parse(source, "tests.py")
                except (SyntaxError, ValueError) as e: refuse("no Python: " + str(e))
                space = sys.modules["__main__"].__dict__
                nodes = list(ast.walk(tree))
                names = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
                own = {n.id for n in nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
                own |= {n.arg for n in nodes if isinstance(n, ast.arg)} | {n.name for n in nodes if isinstance(n,
                    (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler))}
                own |= {(a.asname or a.name).split(".")[0] for n in nodes
                        if isinstance(n, (ast.Import, ast.ImportFrom)) for a in n.names}
                imports = any(isinstance(n, ast.ImportFrom) and n.module == "main" or isinstance(n, ast.Import)
                              and any(a.name == "main" for a in n.names) for n in nodes)
                names = {n for n in names if not hasattr(builtins, n) and not n.startswith("_")}
                if not (names - own) and not imports:
                    refuse("they use no name that is not their own or one of Python's, so they test nothing of the "
                           "program; call its function, such as assert f(2) == 4, or check(f)")
                sys.modules["main"] = program
                modules = {n.value.id for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)}
                for name in sorted(names & modules & set(sys.stdlib_module_names)):
                    space[name] = __import__(name)
                    names.discard(name)
                for name in sorted(names):
                    try: space[name] = getattr(program, name)
                    except AttributeError: continue
                try: exec(compile(tree, "tests.py", "exec"), space)
                except SystemExit as e: os._exit(1 if e.code else 0)
                except ModuleNotFoundError as e:
                    if e not in raised: refuse("they import " + str(e.name) + ", which sandboxes do not have")
                    os._exit(1)
                os._exit(0)
            try: _judge()
            except BaseException as _e:
                os._exit(1)
            """;

    private AssertionTests() { }

    /// Whether a program passes tests.
    ///
    /// @param command that runs a file of Python
    /// @throws IllegalArgumentException if the tests are no Python, or cannot be run apart from a program
    static boolean pass(Sandbox sandbox, List<String> command, String program, String tests)
            throws IOException, InterruptedException {
        SandboxResult result = sandbox.converse(command, Map.of("main", JUDGE, "tests.py", tests),
                Map.of("main", SERVER, "main.py", program));
        if (result.exitCode() == REFUSED && !result.errors().isBlank()) {
            throw new IllegalArgumentException("the sample's tests cannot be run: " + result.errors().strip().lines()
                    .reduce((first, last) -> last).orElseThrow());
        }
        return result.status() == SandboxResult.Status.SUCCEEDED && result.exitCode() == PASSED;
    }
}
