package glia.engine.grammar.schema;

import glia.engine.grammar.regex.CharacterEncoder;
import glia.engine.grammar.regex.NumberRegexes;
import glia.engine.grammar.regex.Regex;
import glia.engine.grammar.regex.RegexPool;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// Conditions of constant values: `const` and `enum`.
final class Constants {
    /// Numbers of more digits are not written out.
    private static final int MAX_DIGITS = 400;

    private final RegexPool pool;
    private final CharacterEncoder json;
    private final NumberRegexes numbers;
    private final Subs subs;

    Constants(CharacterEncoder json, NumberRegexes numbers, Subs subs) {
        this.pool = json.pool();
        this.json = json;
        this.numbers = numbers;
        this.subs = subs;
    }

    /// The alternatives of one of some values: all scalars in one.
    List<List<Sub>> oneOf(List<?> values) {
        List<List<Sub>> alternatives = new ArrayList<>();
        int types = 0;
        List<Regex> strings = new ArrayList<>();
        List<Regex> numerals = new ArrayList<>();
        for (Object value : values) {
            switch (value) {
                case null -> types |= Clause.NULL;
                case Boolean b -> types |= b ? Clause.TRUE : Clause.FALSE;
                case String s -> {
                    types |= Clause.STRING;
                    strings.add(json.text(s));
                }
                case Number n when Place.decimal(n) != null -> {
                    types |= Clause.NUMBER;
                    numerals.addAll(forms(n));
                }
                default -> alternatives.add(List.of(constant(value)));
            }
        }
        if (types != 0) {
            int some = types;
            Regex string = pool.or(strings);
            Regex number = pool.or(numerals);
            alternatives.add(0, List.of(subs.change(c -> {
                c.types &= some;
                c.strings.add(string);
                c.numbers.add(number);
            })));
        }
        return alternatives;
    }

    private List<Regex> forms(Number value) {
        List<Regex> forms = new ArrayList<>();
        BigDecimal number = Place.decimal(value);
        if (Math.abs(number.scale()) < MAX_DIGITS) {
            String plain = number.signum() == 0 ? "0" : number.stripTrailingZeros().toPlainString();
            forms.add(pool.literal(plain));
            if (plain.indexOf('.') < 0) {
                forms.add(pool.literal(plain + ".0"));
            }
        }
        if (value instanceof Double) {
            forms.add(pool.literal(value.toString()));
        }
        return forms;
    }

    /// The condition of one value.
    Sub constant(Object value) {
        return subs.constant(value, () -> change(value));
    }

    private Consumer<Clause> change(Object value) {
        if (value instanceof List<?> list) {
            List<Sub> items = new ArrayList<>();
            list.forEach(one -> items.add(constant(one)));
            return c -> {
                c.types &= Clause.ARRAY;
                c.arrays.add(new Clause.ArrayShape(items, subs.nothing()));
                c.minItems = Math.max(c.minItems, items.size());
            };
        }
        if (value instanceof Map<?, ?> map) {
            Map<String, Sub> properties = new LinkedHashMap<>();
            map.forEach((key, one) -> properties.put((String) key, constant(one)));
            return c -> {
                c.types &= Clause.OBJECT;
                c.objects.add(new Clause.ObjectShape(properties, List.of(), subs.nothing()));
                c.required.addAll(properties.keySet());
            };
        }
        return oneOf(java.util.Arrays.asList(value)).get(0).get(0).change;
    }

    /// The changes that exclude values; null if one of them is an array or an object with content.
    List<Sub> noneOf(List<?> values) {
        List<Sub> all = new ArrayList<>();
        for (Object value : values) {
            Consumer<Clause> change = switch (value) {
                case null -> c -> c.types &= ~Clause.NULL;
                case Boolean b -> c -> c.types &= b ? ~Clause.TRUE : ~Clause.FALSE;
                case String s -> c -> c.strings.add(pool.not(json.text(s)));
                case Number n when Place.decimal(n) != null && Math.abs(Place.decimal(n).scale()) < MAX_DIGITS -> c -> {
                    c.numbers.add(numbers.plain());
                    c.numbers.add(pool.not(numbers.equalTo(Place.decimal(n))));
                };
                case List<?> list when list.isEmpty() -> c -> c.minItems = Math.max(1, c.minItems);
                case Map<?, ?> map when map.isEmpty() -> c -> c.minProperties = Math.max(1, c.minProperties);
                default -> null;
            };
            if (change == null) {
                return null;
            }
            all.add(subs.change(change));
        }
        return all;
    }
}
