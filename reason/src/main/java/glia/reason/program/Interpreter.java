package glia.reason.program;

import glia.reason.program.Node.Expression;
import glia.reason.program.Node.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/// Executes the syntax tree of a program.
final class Interpreter {
    private static final int MAX_NESTED = 500;

    private enum Signal { NEXT, BREAK, CONTINUE, RETURN }

    private record Function(Node.Define definition, Set<String> locals) { }

    private final Optional<Consumer<String>> assignments;
    private final Budget budget;
    private final Values values;
    private final Operators operators;
    private final Functions functions;
    private final Map<String, Object> globals = new HashMap<>();
    private final Map<String, Function> defined = new HashMap<>();
    private Map<String, Object> names = globals;
    /// Names that are local to the function that runs; empty outside functions.
    private Set<String> locals = Set.of();
    private Object returned = Values.NONE;
    private int calls;
    private int nested;

    Interpreter(Limits limits) {
        this(limits, Optional.empty());
    }

    /// @param assignments receives each assignment to a name: `a=20`
    Interpreter(Limits limits, Optional<Consumer<String>> assignments) {
        this.assignments = assignments;
        budget = new Budget(limits);
        values = new Values(budget);
        operators = new Operators(budget, values);
        functions = new Functions(budget, values);
    }

    String output() {
        return functions.output();
    }

    void run(List<Statement> program) throws ProgramException {
        execute(program);
    }

    private Signal execute(List<Statement> statements) throws ProgramException {
        for (Statement statement : statements) {
            Signal signal = execute(statement);
            if (signal != Signal.NEXT) {
                return signal;
            }
        }
        return Signal.NEXT;
    }

    private void enter(int line) throws ProgramException {
        budget.spend(line, 1);
        if (++nested > MAX_NESTED) {
            throw new ProgramException(line, "found more than " + MAX_NESTED + " nested expressions and calls");
        }
    }

    private Signal execute(Statement statement) throws ProgramException {
        enter(statement.line());
        Signal signal = Signal.NEXT;
        switch (statement) {
            case Node.Assign assign -> {
                List<Object> all = evaluate(assign.values());
                for (int i = 0; i < all.size(); i++) {
                    assign(assign.targets().get(i), all.get(i));
                }
            }
            case Node.Update update -> update(update);
            case Node.Evaluate(int _, Expression value) -> evaluate(value);
            case Node.If branch ->
                signal = execute(Values.isTrue(evaluate(branch.test())) ? branch.then() : branch.otherwise());
            case Node.While loop -> signal = loop(loop);
            case Node.For loop -> signal = loop(loop);
            case Node.Define define -> {
                Set<String> assigned = new HashSet<>(define.parameters());
                collect(define.body(), assigned);
                defined.put(define.name(), new Function(define, assigned));
                globals.remove(define.name());
            }
            case Node.Return(int _, Expression value) -> {
                returned = value == null ? Values.NONE : evaluate(value);
                signal = Signal.RETURN;
            }
            case Node.Jump(int _, String word) -> signal = switch (word) {
                case "break" -> Signal.BREAK;
                case "continue" -> Signal.CONTINUE;
                default -> Signal.NEXT;
            };
        }
        nested--;
        return signal;
    }

    /// The names that statements of a function assign.
    private static void collect(List<Statement> statements, Set<String> assigned) {
        for (Statement statement : statements) {
            switch (statement) {
                case Node.Assign assign -> assign.targets().forEach(target -> collect(target, assigned));
                case Node.Update update -> collect(update.target(), assigned);
                case Node.If branch -> {
                    collect(branch.then(), assigned);
                    collect(branch.otherwise(), assigned);
                }
                case Node.While loop -> collect(loop.body(), assigned);
                case Node.For loop -> {
                    assigned.add(loop.name());
                    collect(loop.body(), assigned);
                }
                case Node.Define _, Node.Return _, Node.Evaluate _, Node.Jump _ -> { }
            }
        }
    }

    private static void collect(Expression target, Set<String> assigned) {
        if (target instanceof Node.Name(int _, String name)) {
            assigned.add(name);
        }
    }

    private Signal loop(Node.While loop) throws ProgramException {
        while (Values.isTrue(evaluate(loop.test()))) {
            budget.spend(loop.line(), 1);
            Signal signal = execute(loop.body());
            if (signal == Signal.RETURN) {
                return signal;
            }
            if (signal == Signal.BREAK) {
                break;
            }
        }
        return Signal.NEXT;
    }

    /// A loop over a list sees what its body does to the list.
    private Signal loop(Node.For loop) throws ProgramException {
        Object all = evaluate(loop.values());
        List<?> list = all instanceof List<?> live ? live
                : all instanceof Values.Range ? List.of() : values.elements(loop.line(), all);
        for (long i = 0; all instanceof Values.Range range ? i < range.size() : i < list.size(); i++) {
            budget.spend(loop.line(), 1);
            put(loop.line(), loop.name(), all instanceof Values.Range range ? range.at(i) : list.get((int) i));
            Signal signal = execute(loop.body());
            if (signal == Signal.RETURN) {
                return signal;
            }
            if (signal == Signal.BREAK) {
                break;
            }
        }
        return Signal.NEXT;
    }

    private void assign(Expression target, Object value) throws ProgramException {
        if (target instanceof Node.Name(int _, String name)) {
            put(target.line(), name, value);
        } else if (target instanceof Node.Index(int line, Expression of, Expression index)) {
            store(line, evaluate(of), evaluate(index), value);
        }
    }

    private void put(int line, String name, Object value) throws ProgramException {
        names.put(name, value);
        if (assignments.isPresent()) {
            assignments.get().accept(name + "=" + values.text(line, value));
        }
    }

    @SuppressWarnings("unchecked")
    private static void store(int line, Object of, Object index, Object value) throws ProgramException {
        if (!(of instanceof ArrayList<?> list)) {
            throw new ProgramException(line, "'" + Values.type(of) + "' object does not support item assignment");
        }
        ((List<Object>) list).set(Operators.place(line, list.size(), index, "list"), value);
    }

    /// `x += 1`: evaluates the parts of its target once.
    private void update(Node.Update update) throws ProgramException {
        int line = update.line();
        if (update.target() instanceof Node.Index(int _, Expression of, Expression index)) {
            Object list = evaluate(of);
            Object place = evaluate(index);
            store(line, list, place, operators.update(line, update.sign(), operators.element(line, list, place),
                    evaluate(update.value())));
        } else {
            assign(update.target(), operators.update(line, update.sign(), evaluate(update.target()),
                    evaluate(update.value())));
        }
    }

    private List<Object> evaluate(List<Expression> expressions) throws ProgramException {
        List<Object> all = new ArrayList<>();
        for (Expression expression : expressions) {
            all.add(evaluate(expression));
        }
        return all;
    }

    /// The value of an expression, or null where there is none.
    private Object orNull(Expression expression) throws ProgramException {
        return expression == null ? null : evaluate(expression);
    }

    private Object evaluate(Expression expression) throws ProgramException {
        enter(expression.line());
        Object value = switch (expression) {
            case Node.Constant(int _, Object constant) -> constant;
            case Node.Name(int line, String name) -> value(line, name);
            case Node.ListOf list -> evaluate(list.items());
            case Node.Negative(int line, Expression of) -> {
                Object number = evaluate(of);
                if (Values.number(number) == null) {
                    throw new ProgramException(line, "bad operand type for unary -: '" + Values.type(number) + "'");
                }
                yield Values.number(number).negate();
            }
            case Node.Not(int _, Expression of) -> !Values.isTrue(evaluate(of));
            case Node.Binary binary -> operators.binary(binary.line(), binary.sign(), evaluate(binary.left()),
                    evaluate(binary.right()));
            case Node.Comparison comparison -> compare(comparison);
            case Node.Logic logic -> {
                Object left = evaluate(logic.left());
                yield Values.isTrue(left) == logic.isAnd() ? evaluate(logic.right()) : left;
            }
            case Node.Conditional conditional ->
                evaluate(Values.isTrue(evaluate(conditional.test())) ? conditional.then() : conditional.otherwise());
            case Node.Call(int line, String name, List<Expression> arguments) ->
                call(line, name, evaluate(arguments));
            case Node.Method method -> functions.method(method.line(), evaluate(method.of()), method.name(),
                    evaluate(method.arguments()));
            case Node.Index(int line, Expression of, Expression index) ->
                operators.element(line, evaluate(of), evaluate(index));
            case Node.Slice slice -> operators.slice(slice.line(), evaluate(slice.of()), orNull(slice.from()),
                    orNull(slice.to()), orNull(slice.step()));
        };
        nested--;
        return value;
    }

    private Object value(int line, String name) throws ProgramException {
        Object value = names.get(name);
        if (value == null && !locals.contains(name)) {
            value = globals.get(name);
        }
        if (value == null) {
            throw new ProgramException(line, "name '" + name + "' is not defined");
        }
        return value;
    }

    private boolean compare(Node.Comparison comparison) throws ProgramException {
        Object left = evaluate(comparison.first());
        for (int i = 0; i < comparison.signs().size(); i++) {
            Object right = evaluate(comparison.rest().get(i));
            if (!operators.compare(comparison.line(), comparison.signs().get(i), left, right)) {
                return false;
            }
            left = right;
        }
        return true;
    }

    private Object call(int line, String name, List<Object> arguments) throws ProgramException {
        Function function = defined.get(name);
        if (names.containsKey(name) || locals.contains(name) || globals.containsKey(name)) {
            throw new ProgramException(line, "'" + Values.type(value(line, name)) + "' object is not callable");
        }
        if (function == null) {
            return functions.call(line, name, arguments);
        }
        Node.Define definition = function.definition();
        if (definition.parameters().size() != arguments.size()) {
            throw new ProgramException(line, name + "() takes " + definition.parameters().size() + " arguments, found "
                    + arguments.size());
        }
        if (++calls > budget.limits().depth()) {
            throw new ProgramException(line, "found more than " + budget.limits().depth() + " nested calls");
        }
        Map<String, Object> outerNames = names;
        Set<String> outerLocals = locals;
        names = new HashMap<>();
        locals = function.locals();
        for (int i = 0; i < arguments.size(); i++) {
            names.put(definition.parameters().get(i), arguments.get(i));
        }
        returned = Values.NONE;
        execute(definition.body());
        Object result = returned;
        returned = Values.NONE;
        names = outerNames;
        locals = outerLocals;
        calls--;
        return result;
    }
}
