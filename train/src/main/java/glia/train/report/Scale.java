package glia.train.report;

import java.util.ArrayList;
import java.util.List;

/// An axis of a chart from one round number to another, with ticks at round numbers: multiples of 1, 2 or 5 times a
/// power of ten.
///
/// @param low the number at its beginning
/// @param high the number at its end
/// @param step between two ticks
/// @param from the place of the beginning in the drawing
/// @param to the place of the end
public record Scale(double low, double high, double step, double from, double to) {
    private static final int TICKS = 5;

    /// An axis that holds all values.
    public static Scale of(List<Double> values, double from, double to) {
        return of(values, 0, from, to);
    }

    /// An axis of counts, whose ticks are integers.
    public static Scale ofCounts(List<Double> values, double from, double to) {
        return of(values, 1, from, to);
    }

    private static Scale of(List<Double> values, double leastStep, double from, double to) {
        double least = values.stream().mapToDouble(Double::doubleValue).min().orElse(0);
        double most = values.stream().mapToDouble(Double::doubleValue).max().orElse(1);
        double range = most > least ? most - least : Math.max(1e-9, Math.abs(most));
        double power = Math.pow(10, Math.floor(Math.log10(range / TICKS)));
        double parts = range / TICKS / power;
        double step = Math.max(leastStep, power * (parts <= 1 ? 1 : parts <= 2 ? 2 : parts <= 5 ? 5 : 10));
        double low = step * Math.floor(least / step + 1e-9);
        double high = Math.max(low + step, step * Math.ceil(most / step - 1e-9));
        return new Scale(low, high, step, from, to);
    }

    /// The place of a value in the drawing.
    public double at(double value) {
        return from + (to - from) * (Math.clamp(value, low, high) - low) / (high - low);
    }

    /// The numbers with ticks.
    public List<Double> ticks() {
        List<Double> ticks = new ArrayList<>();
        for (int i = 0; low + i * step <= high + step / 2; i++) {
            ticks.add(low + i * step);
        }
        return ticks;
    }
}
