package glia.engine.grammar.schema;

import glia.engine.grammar.limit.GrammarException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;

/// A subschema with its place, to read keywords with errors that name them.
record Place(Map<?, ?> schema, String pointer) {
    String at(String keyword) {
        return pointer + "/" + keyword;
    }

    private GrammarException wrong(String keyword, Object found, String expected) {
        return GrammarException.invalid(at(keyword), "found " + shown(found) + ", expected " + expected);
    }

    static String shown(Object value) {
        String text = String.valueOf(value);
        return text.length() > 60 ? text.substring(0, 60) + "…" : text;
    }

    boolean has(String keyword) {
        return schema.containsKey(keyword);
    }

    /// A subschema.
    Object schema(String keyword) {
        return checked(keyword, schema.get(keyword));
    }

    private Object checked(String keyword, Object found) {
        if (!(found instanceof Map) && !(found instanceof Boolean)) {
            throw wrong(keyword, found, "a schema");
        }
        return found;
    }

    List<?> schemas(String keyword) {
        if (!(schema.get(keyword) instanceof List<?> list) || list.isEmpty()) {
            throw wrong(keyword, schema.get(keyword), "a list of schemas");
        }
        list.forEach(one -> checked(keyword, one));
        return list;
    }

    Map<?, ?> map(String keyword) {
        if (schema.get(keyword) instanceof Map<?, ?> map) {
            return map;
        }
        throw wrong(keyword, schema.get(keyword), "an object");
    }

    Map<?, ?> schemaMap(String keyword) {
        Map<?, ?> map = map(keyword);
        map.values().forEach(one -> checked(keyword, one));
        return map;
    }

    List<?> list(String keyword) {
        if (schema.get(keyword) instanceof List<?> list) {
            return list;
        }
        throw wrong(keyword, schema.get(keyword), "a list");
    }

    List<String> strings(String keyword, Object found) {
        if (found instanceof List<?> list && list.stream().allMatch(String.class::isInstance)) {
            return list.stream().map(String.class::cast).toList();
        }
        throw wrong(keyword, found, "a list of strings");
    }

    String string(String keyword) {
        if (schema.get(keyword) instanceof String text) {
            return text;
        }
        throw wrong(keyword, schema.get(keyword), "a string");
    }

    boolean flag(String keyword) {
        if (schema.get(keyword) instanceof Boolean flag) {
            return flag;
        }
        throw wrong(keyword, schema.get(keyword), "true or false");
    }

    /// A count, at most [Clause#UNBOUNDED].
    int count(String keyword) {
        BigDecimal number = number(keyword);
        if (number.signum() < 0 || number.stripTrailingZeros().scale() > 0) {
            throw wrong(keyword, number, "an integer of at least 0");
        }
        return number.compareTo(BigDecimal.valueOf(Clause.UNBOUNDED)) >= 0 ? Clause.UNBOUNDED : number.intValue();
    }

    BigDecimal number(String keyword) {
        BigDecimal number = decimal(schema.get(keyword));
        if (number == null) {
            throw wrong(keyword, schema.get(keyword), "a number");
        }
        return number;
    }

    /// The value of a number; null for others.
    static BigDecimal decimal(Object value) {
        return switch (value) {
            case Integer n -> BigDecimal.valueOf(n);
            case Long n -> BigDecimal.valueOf(n);
            case BigInteger n -> new BigDecimal(n);
            case BigDecimal n -> n;
            case Double n when Double.isFinite(n) -> new BigDecimal(n.toString());
            case Float n when Float.isFinite(n) -> new BigDecimal(n.toString());
            case null, default -> null;
        };
    }
}
