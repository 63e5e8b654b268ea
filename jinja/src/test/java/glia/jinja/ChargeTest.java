package glia.jinja;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.jinja.value.Access;
import glia.jinja.value.Arguments;
import glia.jinja.value.Callable;
import glia.jinja.value.MethodNames;
import glia.jinja.value.Operators.Comparison;
import glia.jinja.value.Operators;
import glia.jinja.value.Repr;
import glia.jinja.value.TextBuilder;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Every filter, test, method, operator and function charges its budget for the time and the memory that it takes, on
/// operands of every length.
class ChargeTest {
    private static final LocalDateTime NOW = LocalDateTime.of(2026, 11, 5, 9, 7, 3);

    private static List<String> sorted(java.util.Collection<String> names) {
        return new ArrayList<>(new TreeSet<>(names));
    }

    private static Arguments positional(List<Object> values) {
        return new Arguments(values, Map.of());
    }

    /// Longer operands are tried with fewer arguments, to save time.
    private static List<List<Object>> arguments(Object operand, int length) {
        List<List<Object>> all = Operands.arguments(operand, length);
        return length > 1000 ? all.subList(0, length > 100_000 ? 1 : 2) : all;
    }

    private interface Named {
        Object call(String name, Object target, Arguments arguments, glia.jinja.value.Budget budget);
    }

    private static void check(List<String> names, Map<String, Supplier<Object>> operands, int length, Named call) {
        Charges charges = new Charges();
        for (String name : names) {
            operands.forEach((description, operand) -> {
                for (int i = 0; i < arguments(1L, length).size(); i++) {
                    int form = i;
                    charges.check(description + " of " + length + " | " + name + " form " + i, () -> {
                        Object target = operand.get();
                        Arguments arguments = positional(arguments(target, length).get(form));
                        return budget -> call.call(name, target, arguments, budget);
                    });
                }
            });
        }
        assertEquals(List.of(), charges.violations, String.join("\n", charges.violations));
    }

    /// Operands that are made once, for calls that do not change them.
    private static Map<String, Supplier<Object>> fixed(int length) {
        Map<String, Supplier<Object>> operands = Operands.all(length);
        operands.replaceAll((name, operand) -> {
            Object value = operand.get();
            return () -> value;
        });
        return operands;
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 1_000, 100_000})
    void filters(int length) {
        check(sorted(Filters.NAMES), fixed(length), length, Filters::apply);
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 1_000, 100_000})
    void tests(int length) {
        List<String> names = sorted(Tests.NAMES);
        names.addAll(Tests.COMPARISONS);
        check(names, fixed(length), length, Tests::test);
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 1_000, 100_000})
    void methods(int length) {
        Named method = (name, target, arguments, budget) ->
                Access.own(target, name, budget) instanceof Callable callable ? callable.call(arguments, budget) : null;
        Map<String, Supplier<Object>> texts = Operands.all(length);
        texts.keySet().retainAll(Operands.texts(1).keySet());
        check(MethodNames.ofText(), texts, length, method);
        if (length <= 100_000) {
            check(MethodNames.ofLists(), Operands.containers(length), length, method);
            check(MethodNames.ofDicts(), Operands.containers(length), length, method);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 1_000, 100_000})
    void functions(int length) {
        Scope scope = Globals.scope(() -> NOW);
        check(Globals.NAMES, Operands.all(length), length, (name, target, arguments, budget) -> {
            List<Object> all = new ArrayList<>(List.of(target));
            all.addAll(arguments.positional());
            return ((Callable) scope.get(name)).call(positional(all), budget);
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 1_000, 100_000})
    void operators(int length) {
        Map<String, Supplier<Object>> operands = fixed(length);
        // Others of equal value: a comparison with itself may take no time.
        Map<String, Supplier<Object>> rights = fixed(length);
        for (Map<String, Supplier<Object>> all : List.of(operands, rights)) {
            all.put("3", () -> 3L);
            all.put("1e-300", () -> 1e-300);
            all.put("x", () -> "x");
        }
        Charges charges = new Charges();
        operands.forEach((left, x) -> rights.forEach((right, y) ->
                binary(charges, left + " and " + right + " of " + length + ": ", x.get(), y.get())));
        operands.forEach((name, operand) -> unary(charges, name + " of " + length + ": ", operand));
        assertEquals(List.of(), charges.violations, String.join("\n", charges.violations));
    }

    private static void binary(Charges charges, String pair, Object x, Object y) {
        for (Operators.Operator operator : Operators.Operator.values()) {
            charges.check(pair + operator, () -> budget -> Operators.apply(operator, x, y, budget));
        }
        for (Comparison comparison : Comparison.values()) {
            charges.check(pair + comparison, () -> budget -> comparison.test(x, y, budget));
        }
        charges.check(pair + "[]", () -> budget -> Access.item(x, y, budget));
    }

    private static void unary(Charges charges, String name, Supplier<Object> operand) {
        for (long step : new long[] {1, 2, -1}) {
            charges.check(name + "slice by " + step, () -> {
                Object x = operand.get();
                return budget -> Access.slice(x, null, null, step, budget);
            });
        }
        charges.check(name + "last element", () -> {
            Object x = operand.get();
            return budget -> Access.item(x, -1L, budget);
        });
        charges.check(name + "minus", () -> {
            Object x = operand.get();
            return budget -> Operators.negate(x, budget);
        });
        charges.check(name + "str", () -> {
            Object x = operand.get();
            return budget -> Repr.text(x, budget);
        });
        charges.check(name + "repr", () -> {
            Object x = operand.get();
            return budget -> Repr.repr(x, budget);
        });
        charges.check(name + "concatenation", () -> {
            Object x = operand.get();
            return budget -> new TextBuilder(budget).append(Repr.text(x, budget)).append("a").whole();
        });
    }

    @Tag("slow")
    @Test
    void aMillion() {
        filters(1_000_000);
        tests(1_000_000);
        methods(1_000_000);
        functions(1_000_000);
        operators(1_000_000);
    }

    /// The cheapest call with a long text still charges for its length.
    @ParameterizedTest
    @ValueSource(ints = {1_000, 100_000, 1_000_000})
    void aCallOnALongTextChargesForItsLength(int length) {
        String text = "a".repeat(length);
        for (String name : sorted(Filters.NAMES)) {
            assertTrue(Charges.steps(budget -> Filters.apply(name, text, Arguments.NONE, budget)) >= length / 16, name);
            assertTrue(Charges.steps(budget -> Filters.apply(name, "a", positional(List.of(text)), budget))
                    >= length / 16, name);
        }
        for (String name : sorted(Tests.NAMES)) {
            assertTrue(Charges.steps(budget -> Tests.test(name, text, Arguments.NONE, budget)) >= length / 16, name);
        }
        for (String name : MethodNames.ofText()) {
            assertTrue(Charges.steps(budget -> ((Callable) Access.own(text, name, budget))
                    .call(Arguments.NONE, budget)) >= length / 16, name);
        }
    }
}
