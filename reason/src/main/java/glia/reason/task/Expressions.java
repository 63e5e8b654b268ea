package glia.reason.task;

/// Texts of expressions with +, − and ×.
public final class Expressions {
    private Expressions() { }

    /// Joins two expressions, with no more brackets than necessary: `3*7` and `11` to `3*7+11`.
    ///
    /// @param sign `+`, `-` or `*`
    public static String join(String left, char sign, String right) {
        return switch (sign) {
            case '+' -> left + "+" + right;
            case '-' -> left + "-" + (hasSum(right) ? "(" + right + ")" : right);
            case '*' -> (hasSum(left) ? "(" + left + ")" : left) + "*" + (hasSum(right) ? "(" + right + ")" : right);
            default -> throw new IllegalArgumentException("found the operation '" + sign + "', expected +, - or *");
        };
    }

    /// Whether an expression has a sum or difference outside brackets.
    private static boolean hasSum(String text) {
        int depth = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            depth += c == '(' ? 1 : c == ')' ? -1 : 0;
            if (depth == 0 && (c == '+' || c == '-')) {
                return true;
            }
        }
        return false;
    }
}
