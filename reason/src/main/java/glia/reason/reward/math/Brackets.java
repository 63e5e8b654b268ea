package glia.reason.reward.math;

import glia.reason.reward.math.MathExpr.Interval;
import glia.reason.reward.math.MathExpr.Tuple;
import java.util.List;
import java.util.OptionalInt;

/// Decides what a pair in parentheses or brackets is.
final class Brackets {
    private Brackets() { }

    /// An interval; a tuple where the interval would be empty.
    static MathExpr pair(MathExpr low, MathExpr high, boolean lowOpen, boolean highOpen) {
        OptionalInt order = Order.compare(low, high);
        boolean empty = order.isPresent() && (lowOpen && highOpen && order.getAsInt() >= 0
                || !lowOpen && !highOpen && order.getAsInt() > 0);
        return empty ? new Tuple(List.of(low, high)) : new Interval(low, high, lowOpen, highOpen);
    }
}
