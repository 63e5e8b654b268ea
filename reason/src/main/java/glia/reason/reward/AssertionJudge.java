package glia.reason.reward;

/// The program that runs tests of Python code apart from the program that they test ([AssertionTests]).
final class AssertionJudge {
    /// Handles of the objects of the program, and what crosses to it.
    private static final String HANDLES = """
            import _thread
            _COMPARED = ("eq", "ne", "lt", "le", "gt", "ge")
            def _judge():
                replies = os.fdopen(os.dup(0), "r", encoding="ascii")
                requests = os.fdopen(os.dup(1), "w", encoding="ascii")
                os.dup2(2, 1)
                raised, classes, handles, live, lock = [], {}, {}, [], _thread.allocate_lock()
                calls, usual = [0], sys.stdout
                def refuse(message):
                    os.write(2, ("\\n" + message).encode("utf-8", "replace"))
                    os._exit(4)
                class Handle:
                    __slots__ = ("_at", "_made", "_capital")
                    __hash__ = lambda self: ask("hash", self)
                    def __init__(self, at):
                        for name, value in (("_at", at), ("_made", False), ("_capital", False)):
                            object.__setattr__(self, name, value)
                    @property
                    def __class__(self): return ask("type", self)
                    def __getattr__(self, name):
                        calls[0] += 1
                        value = ask("getattr", self, name)
                        if type(value) in (list, dict, set):
                            live[:] = live[-30:] + [(value, self, name, sent(value))]
                        return value
                    def __setattr__(self, name, value): ask("setattr", self, name, value)
                    def __delattr__(self, name): ask("delattr", self, name)
                    def __contains__(self, item):
                        if isinstance(item, Handle) or self._made: return ask("contains", self, item)
                        return any(x is item or x == item for x in self)
                    def __iter__(self): return ask("iter", self)
                    def __next__(self): return ask("next", self)
                    def __enter__(self): return ask("enter", self)
                    def __exit__(self, kind, error, trace): return ask("leave", self, error)
                    def __deepcopy__(self, memo): return ask("deepcopy", self)
                    def __instancecheck__(self, value): return ask("isinstance", value, self)
                    def __subclasscheck__(self, value): return ask("issubclass", value, self)
                    def __mro_entries__(self, bases): refuse("a class of the tests extends one of the program")
                class Function(Handle):
                    __slots__ = ()
                    def __call__(self, *args, **named):
                        calls[0] += 1
                        result = ask("make" if self._capital else "call", self, list(args), named)
                        return made(result) if self._capital and isinstance(result, Handle) else result
                def unary(name, special):
                    setattr(Handle, special, lambda self, *rest: ask(name, self, *rest))
                for name in ("len str repr bool bytes int float complex index abs neg pos invert round trunc floor ceil"
                             " dir format reversed copy getitem setitem delitem").split():
                    unary(name, "__" + name + "__")
                def binary(name, a, b):
                    handle, other = (a, b) if isinstance(a, Handle) else (b, a)
                    both = isinstance(other, Handle)
                    known = handle._made or both and other._made
                    if not both and not known and name in _COMPARED:
                        base = ask("base", handle) if name in ("eq", "ne") else handle
                        if base is handle: raise TypeError("an object of the program is compared with data")
                        same = base is not NotImplemented and base == other
                        return same if name == "eq" else not same
                    result = ask(name, a, b)
                    if isinstance(result, Handle): return made(result) if known else result
                    # What a test expects must not have reached the program.
                    if not both and not known: raise TypeError("an object of the program is used as data")
                    if name == "eq" and result and ask("foreign", handle): return False
                    return result
                def both(name, reflected):
                    plain = name.rstrip("_")
                    setattr(Handle, "__" + plain + "__", lambda a, b: binary(name, a, b))
                    if reflected:
                        setattr(Handle, "__r" + plain + "__", lambda a, b: binary(name, b, a))
                        setattr(Handle, "__i" + plain + "__", lambda a, b: binary("i" + plain, a, b))
                for name in "add sub mul truediv floordiv mod pow matmul and_ or_ xor lshift rshift".split():
                    both(name, True)
                both("divmod", False)
                for name in _COMPARED: both(name, False)
                def handle(at, kind):
                    if at not in handles: handles[at] = (Function if kind in ("class", "function") else Handle)(at)
                    return handles[at]
                def made(result):
                    # A handle of its own: the same object is not known as the test's where a method returns it.
                    if -1 - result._at not in handles:
                        handles[-1 - result._at] = type(result)(result._at)
                        object.__setattr__(handles[-1 - result._at], "_made", True)
                    return handles[-1 - result._at]
                def extended(base):
                    # A value with further attributes, which the program has.
                    if base not in classes:
                        def get(self, name):
                            if name == "_at" or name.startswith("__"): raise AttributeError(name)
                            return ask("getattr", self, name)
                        classes[base] = type(base.__name__, (base,), {"__getattr__": get})
                    return classes[base]
                def known(tag, *rest):
                    if tag == "h":
                        value = _decode(rest[1], known)
                        value = extended(type(value))(value)
                        value._at = rest[0]
                        return value
                    if tag == "y":
                        kind = exception(rest[1])
                        if kind.__module__ == "program": kind._at = rest[0]
                        return kind
                    if tag == "x":
                        values, kind = [_decode(x, known) for x in rest[1]], exception(rest[0])
                        try: error = kind(*values)
                        except Exception: error = RuntimeError(*values)
                        error.__dict__.update(_decode(rest[3], known))
                        error.__dict__["_text"] = rest[2]
                        return error
                    if tag != "r": raise ValueError(tag)
                    found = handle(*rest)
                    if rest[1] != "coroutine": return found
                    async def run(): return ask("run", found)
                    return run()
                def exception(names):
                    # A program that raises StopIteration would end a loop of the tests as if all were well.
                    kind = Exception
                    for module, name in reversed(names):
                        if name.startswith("Stop"): return RuntimeError
                        found = getattr(builtins, name, None) if module == "builtins" else None
                        if isinstance(found, type) and issubclass(found, Exception): kind = found
                        else:
                            kind = classes.setdefault((name, kind), type(name, (kind,), {"__module__": "program",
                                "__str__": lambda self: self.__dict__.get("_text", Exception.__str__(self))}))
                    return kind
                def first(v):
                    if isinstance(v, Handle): return ("r", v._at)
                    mine = type(v) in classes.values() and not isinstance(v, Exception)
                    mine = mine or isinstance(v, type) and v in classes.values()
                    if mine and hasattr(v, "_at"): return ("r", v._at)
                    if type(v).__module__ in ("builtins", "collections"): return None
                    if isinstance(v, tuple) and hasattr(v, "_fields"):
                        return ("n", type(v).__name__, list(v._fields), [sent(x) for x in v])
                    if isinstance(v, (int, float, str, bytes, list, tuple, set, frozenset, dict)): crossing(v)
                def crossing(v):
                    if isinstance(v, Exception): return ("x", type(v).__name__, [sent(x) for x in v.args])
                    # What a wrong program may give, so no fault of the tests.
                    if isinstance(v, types.CoroutineType): raise TypeError("a coroutine is no data")
                    if isinstance(v, types.GeneratorType):
                        items = list(itertools.islice(v, 10001))
                        if len(items) <= 10000: return ("g", [sent(x) for x in items])
                    refuse("an argument of the type " + type(v).__name__
                           + " cannot cross to the program, only data can")
                def sent(v): return _encode(v, first, crossing)
                def send(line):
                    requests.write(line + "\\n")
                    requests.flush()
                    return ast.literal_eval(replies.readline())
                def ask(op, *args):
                    # A list that was read from an attribute and changed since.
                    changed = [n for n, (value, of, name, before) in enumerate(live) if sent(value) != before]
                    lines = [ascii(sent(["write", [live[n][1], live[n][2], live[n][0]]])) for n in changed]
                    for n in changed: live[n] = live[n][:3] + (sent(live[n][0]),)
                    line = ascii(sent([op, list(args)]))
                    with lock:
                        for one in lines: send(one)
                        text, reply = send(line)
                    # Output that no test reads would only fill the log.
                    if text and sys.stdout is not usual: sys.stdout.write(str(text))
                    if reply[0] == "raised":
                        raised.append(_decode(reply[1], known))
                        raise raised[-1]
                    if reply[0] == "stop":
                        raise StopIteration(_decode(reply[1], known)) if op == "next" else RuntimeError("StopIteration")
                    if reply[0] == "absent": return NotImplemented
                    if len(reply) > 2:
                        for before, after in zip(args[1] + list(args[2].values()), reply[2]):
                            if after is not None: _change(before, _decode(after, known))
                    return _decode(reply[1], known)
            """;

    /// What runs the tests.
    private static final String RUN = """
                class Program(types.ModuleType):
                    def __getattr__(self, name):
                        value = NotImplemented if name.startswith("__") else ask("get", name)
                        if value is NotImplemented: raise AttributeError(name)
                        if isinstance(value, Function) and name[:1].isupper():
                            object.__setattr__(value, "_capital", True)
                        return value
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
                imported = {(a.asname or a.name).split(".")[0]: a.name for n in nodes
                            if isinstance(n, (ast.Import, ast.ImportFrom)) for a in n.names}
                own |= set(imported)
                modules = {a for n in nodes if isinstance(n, (ast.Import, ast.ImportFrom))
                           for a in ([n.module or ""] if isinstance(n, ast.ImportFrom) else [b.name for b in n.names])}
                modules |= {n.module + "." + a.name for n in nodes if isinstance(n, ast.ImportFrom) and n.module
                            for a in n.names}
                def far(what): refuse("they use " + what + ", which has no effect on a program in another process")
                for name in modules & {"unittest.mock", "tempfile"}: far(name)
                if any(isinstance(n, ast.AsyncFor) or getattr(n, "is_async", 0) for n in nodes):
                    refuse("they use async for, and asynchronous generators stay in the other process")
                for n in nodes:
                    if isinstance(n, ast.Call) and ast.unparse(n.func) in ("open", "random.seed", "os.putenv"):
                        far(ast.unparse(n.func))
                    if isinstance(n, ast.Attribute) and (ast.unparse(n) == "os.environ"
                            or not isinstance(n.ctx, ast.Load)
                            and ast.unparse(n.value) in set(imported) | {"builtins", "__builtins__"} | modules):
                        far("a change of " + ast.unparse(n))
                names = {n for n in names if not hasattr(builtins, n) and not n.startswith("_")}
                if not (names - own) and "main" not in {m.split(".")[0] for m in modules}:
                    refuse("they use no name that is not their own or one of Python's, so they test nothing of the "
                           "program; call its function, such as assert f(2) == 4, or check(f)")
                sys.modules["main"] = program
                used = {n.value.id for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)}
                for name in sorted(names & used & set(sys.stdlib_module_names)):
                    space[name] = __import__(name)
                    names.discard(name)
                values = set()
                for name in sorted(names):
                    try: space[name] = getattr(program, name)
                    except AttributeError: continue
                    if not isinstance(space[name], (Handle, type)) and name not in own: values.add(name)
                class Fresh(ast.NodeTransformer):
                    # A variable of the program is read where it is used.
                    def visit_Name(self, n):
                        if n.id not in values or not isinstance(n.ctx, ast.Load): return n
                        return ast.copy_location(ast.Call(ast.Name("_of_program", ast.Load()), [ast.Constant(n.id)],
                                                          []), n)
                    def visit_Call(self, n):
                        self.generic_visit(n)
                        if isinstance(n.func, ast.Name) and n.func.id == "type" and len(n.args) == 1:
                            n.func = ast.copy_location(ast.Name("_type_of", ast.Load()), n.func)
                        return n
                    def visit_Compare(self, n):
                        self.generic_visit(n)
                        if len(n.ops) > 1 or not isinstance(n.ops[0], (ast.Is, ast.IsNot)): return n
                        same = ast.Call(ast.Name("_same", ast.Load()), [n.left, n.comparators[0]], [])
                        return ast.copy_location(same if isinstance(n.ops[0], ast.Is)
                                                 else ast.UnaryOp(ast.Not(), same), n)
                space["_same"] = lambda a, b: a is b or (isinstance(a, Handle) and isinstance(b, Handle)
                                                         and a._at == b._at)
                space["_of_program"] = lambda name: getattr(program, name)
                space["_type_of"] = lambda v: ask("type", v) if isinstance(v, Handle) else type(v)
                def unused():
                    # Tests that nothing runs are run as pytest does.
                    text = ast.unparse(tree)
                    for n in tree.body:
                        found = space.get(getattr(n, "name", ""))
                        if isinstance(n, ast.FunctionDef) and n.name.startswith("test") and n.name not in names \\
                                and not n.args.args: found()
                        if isinstance(n, ast.ClassDef) and n.name not in names and isinstance(found, type):
                            unit = "unittest" in sys.modules and issubclass(found, sys.modules["unittest"].TestCase)
                            if unit and "unittest.main(" not in text and "Runner" not in text:
                                sys.modules["unittest"].main("__main__", argv=["tests"])
                            for m in [] if unit or not n.name.startswith("Test") else dir(found):
                                if m.startswith("test"): getattr(found(), m)()
                try:
                    exec(compile(ast.fix_missing_locations(Fresh().visit(tree)), "tests.py", "exec"), space)
                    unused()
                except SystemExit as e:
                    if e.code: os._exit(1)
                except ModuleNotFoundError as e:
                    if e not in raised: refuse("they import " + str(e.name) + ", which sandboxes do not have")
                    os._exit(1)
                if not calls[0] and not values: refuse("they end without a call of the program")
                os._exit(0)
            try: _judge()
            except BaseException as _e:
                os._exit(1)
            """;

    /// The program.
    static final String PROGRAM = AssertionTests.VALUES + HANDLES + RUN;

    private AssertionJudge() { }
}
