package glia.reason.reward.math;

import glia.reason.reward.math.MathExpr.Matrix;
import glia.reason.reward.math.MathExpr.Num;
import glia.reason.reward.math.MathExpr.Product;
import glia.reason.reward.math.MathExpr.Sum;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Arithmetic of matrices while they are parsed. A result is empty where no matrix takes part.
final class Matrices {
    private static final int MAX_SIZE = 20;
    private static final int MAX_DETERMINANT = 6;
    private static final int MAX_POWER = 50;

    private Matrices() { }

    static Optional<MathExpr> sum(List<MathExpr> terms) {
        if (terms.stream().noneMatch(t -> isMatrix(t))) {
            return Optional.empty();
        }
        Matrix first = matrix(terms.getFirst());
        List<List<MathExpr>> rows = new ArrayList<>();
        for (int i = 0; i < first.rows().size(); i++) {
            List<MathExpr> row = new ArrayList<>();
            for (int j = 0; j < first.rows().getFirst().size(); j++) {
                List<MathExpr> entries = new ArrayList<>();
                for (MathExpr term : terms) {
                    Matrix one = matrix(term);
                    require(one.rows().size() == first.rows().size()
                            && one.rows().getFirst().size() == first.rows().getFirst().size(), "sizes differ");
                    entries.add(one.rows().get(i).get(j));
                }
                row.add(new Sum(entries));
            }
            rows.add(row);
        }
        return Optional.of(new Matrix(rows));
    }

    private static boolean isMatrix(MathExpr x) {
        return x instanceof Matrix || x instanceof Product(List<MathExpr> all) && all.size() == 2
                && all.getFirst().equals(MathExpr.MINUS_ONE) && all.getLast() instanceof Matrix;
    }

    private static Matrix matrix(MathExpr x) {
        if (x instanceof Matrix m) {
            return m;
        }
        require(isMatrix(x), "a number is added to a matrix");
        return scaled(MathExpr.MINUS_ONE, (Matrix) ((Product) x).factors().getLast());
    }

    static Optional<MathExpr> product(MathExpr a, MathExpr b) {
        if (a instanceof Matrix x && b instanceof Matrix y) {
            return Optional.of(times(x, y));
        }
        return a instanceof Matrix x && b.isScalar() ? Optional.of(scaled(b, x))
                : b instanceof Matrix y && a.isScalar() ? Optional.of(scaled(a, y)) : Optional.empty();
    }

    private static Matrix scaled(MathExpr factor, Matrix m) {
        return new Matrix(m.rows().stream().map(row -> row.stream()
                .map(x -> (MathExpr) new Product(List.of(factor, x))).toList()).toList());
    }

    private static Matrix times(Matrix a, Matrix b) {
        int inner = b.rows().size();
        require(a.rows().getFirst().size() == inner, "sizes differ");
        require(Math.max(a.rows().size(), Math.max(inner, b.rows().getFirst().size())) <= MAX_SIZE, "too large");
        List<List<MathExpr>> rows = new ArrayList<>();
        for (List<MathExpr> left : a.rows()) {
            List<MathExpr> row = new ArrayList<>();
            for (int j = 0; j < b.rows().getFirst().size(); j++) {
                List<MathExpr> terms = new ArrayList<>();
                for (int k = 0; k < inner; k++) {
                    terms.add(new Product(List.of(left.get(k), b.rows().get(k).get(j))));
                }
                row.add(new Sum(terms));
            }
            rows.add(row);
        }
        return new Matrix(rows);
    }

    /// A power with a small positive integer, or the transpose for an exponent T.
    static Optional<MathExpr> power(MathExpr base, MathExpr exponent) {
        if (!(base instanceof Matrix m)) {
            return Optional.empty();
        }
        if (exponent.equals(new MathExpr.Symbol("t"))) {
            return Optional.of(transposed(m));
        }
        require(exponent instanceof Num(Rational n, boolean d) && n.isInteger() && n.signum() > 0
                && n.compareTo(Rational.of(MAX_POWER)) <= 0, "the exponent is no small positive integer");
        Matrix result = m;
        for (int i = ((Num) exponent).value().numerator().intValue(); i > 1; i--) {
            result = times(result, m);
            require(depth(result) < 5_000, "too large");
        }
        return Optional.of(result);
    }

    /// The number of entries and factors, which grows with each product.
    private static int depth(MathExpr x) {
        return switch (x) {
            case Matrix m -> m.rows().stream().flatMap(List::stream).mapToInt(Matrices::depth).sum();
            case Sum(List<MathExpr> all) -> all.stream().mapToInt(Matrices::depth).sum();
            case Product(List<MathExpr> all) -> all.stream().mapToInt(Matrices::depth).sum();
            default -> 1;
        };
    }

    private static Matrix transposed(Matrix m) {
        List<List<MathExpr>> rows = new ArrayList<>();
        for (int j = 0; j < m.rows().getFirst().size(); j++) {
            int column = j;
            rows.add(m.rows().stream().map(row -> row.get(column)).toList());
        }
        return new Matrix(rows);
    }

    static MathExpr quotient(MathExpr a, MathExpr b) {
        return a instanceof Matrix m && b.isScalar() ? scaled(new MathExpr.Power(b, MathExpr.MINUS_ONE), m)
                : MathExpr.quotient(a, b);
    }

    /// The determinant by expansion along the first row.
    static MathExpr determinant(MathExpr x) {
        require(x instanceof Matrix m && m.rows().size() == m.rows().getFirst().size()
                && m.rows().size() <= MAX_DETERMINANT, "the determinant requires a small square matrix");
        List<List<MathExpr>> rows = ((Matrix) x).rows();
        if (rows.size() == 1) {
            return rows.getFirst().getFirst();
        }
        List<MathExpr> terms = new ArrayList<>();
        for (int j = 0; j < rows.size(); j++) {
            List<List<MathExpr>> minor = new ArrayList<>();
            for (List<MathExpr> row : rows.subList(1, rows.size())) {
                List<MathExpr> rest = new ArrayList<>(row);
                rest.remove(j);
                minor.add(rest);
            }
            terms.add(new Product(List.of(MathExpr.of(j % 2 == 0 ? 1 : -1), rows.getFirst().get(j),
                    determinant(new Matrix(minor)))));
        }
        return new Sum(terms);
    }

    private static void require(boolean fine, String problem) {
        if (!fine) {
            throw new IllegalArgumentException("matrix: " + problem);
        }
    }
}
