package glia.model.write;

import glia.model.spec.ModelSpec;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.List;
import java.util.Optional;

/// Finds the first difference of two specs by comparing their records. Numbers are equal if they are as F32, up to
/// rounding. Family names and multi-token-prediction layers are not compared.
final class SpecDifference {
    private static final double TOLERANCE = 1e-6;

    private SpecDifference() { }

    /// A description of the first difference, such as `sublayers[3].mixer.span is Sliding[window=4], not Causal[]`.
    static Optional<String> find(ModelSpec model, ModelSpec other) {
        return find("", model.withDrafts(List.of()), other.withDrafts(List.of()));
    }

    private static Optional<String> find(String at, Object a, Object b) {
        if (a instanceof List<?> x && b instanceof List<?> y && x.size() == y.size()) {
            for (int i = 0; i < x.size(); i++) {
                Optional<String> inside = find(at + "[" + i + "]", x.get(i), y.get(i));
                if (inside.isPresent()) {
                    return inside;
                }
            }
            return Optional.empty();
        }
        if (a instanceof Optional<?> x && b instanceof Optional<?> y && x.isPresent() && y.isPresent()) {
            return find(at, x.get(), y.get());
        }
        if (a instanceof Record x && b instanceof Record y && x.getClass() == y.getClass()) {
            for (RecordComponent component : x.getClass().getRecordComponents()) {
                String name = component.getName();
                Optional<String> inside = name.equals("modelType") ? Optional.empty()
                        : find(at.isEmpty() ? name : at + "." + name, value(component, x), value(component, y));
                if (inside.isPresent()) {
                    return inside;
                }
            }
            return Optional.empty();
        }
        return same(a, b) ? Optional.empty() : Optional.of(at + " is " + words(a) + ", not " + words(b));
    }

    private static boolean same(Object a, Object b) {
        if (a instanceof Number x && b instanceof Number y) {
            double difference = Math.abs(x.doubleValue() - y.doubleValue());
            return x.floatValue() == y.floatValue() || difference <= TOLERANCE * Math.abs(x.doubleValue());
        }
        return a.equals(b);
    }

    private static String words(Object value) {
        return value instanceof List<?> list ? "a list of " + list.size() : value.toString();
    }

    private static Object value(RecordComponent component, Record of) {
        try {
            return component.getAccessor().invoke(of);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException(component + " of a spec cannot be read", e);
        }
    }
}
