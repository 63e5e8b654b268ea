package glia.jinja.value;

/// The comparisons of two values.
public enum Comparison {
    EQUAL("=="), NOT_EQUAL("!="), LESS("<"), LESS_OR_EQUAL("<="), GREATER(">"), GREATER_OR_EQUAL(">="),
    IN("in"), NOT_IN("not in");

    private final String symbol;

    Comparison(String symbol) {
        this.symbol = symbol;
    }

    /// Whether `a` and `b` compare so.
    ///
    /// @throws JinjaError where Python does not define the comparison for the two
    public boolean test(Object a, Object b, Budget budget) {
        budget.step();
        return switch (this) {
            case EQUAL -> Values.equal(a, b, budget);
            case NOT_EQUAL -> !Values.equal(a, b, budget);
            case LESS -> Values.order(a, b, symbol, budget) < 0;
            case LESS_OR_EQUAL -> Values.order(a, b, symbol, budget) <= 0;
            case GREATER -> Values.order(a, b, symbol, budget) == 1;
            case GREATER_OR_EQUAL -> (Values.order(a, b, symbol, budget) & ~1) == 0;
            case IN -> Values.contains(b, a, budget);
            case NOT_IN -> !Values.contains(b, a, budget);
        };
    }
}
