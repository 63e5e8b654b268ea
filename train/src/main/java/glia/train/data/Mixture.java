package glia.train.data;

import glia.engine.training.TokenBatch;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/// A mixture of row streams with weights. After any number of rows each part has given its share of them, up to a
/// rounding of less than one row per part; weights are exact decimal numbers, so the shares stay exact without end.
///
/// The parts are split off one after the other: of n rows, part i takes ⌊n·w/W + ½⌋, where W is the weight of it and
/// all later parts, and leaves the other rows to those.
public final class Mixture implements RowStream {
    private final List<RowStream> parts;
    private final BigInteger[] weights;
    /// The weight of each part and all later ones.
    private final BigInteger[] totals;

    /// Mixes parts.
    ///
    /// @param weights of the parts, for example 7 and 3, or 0.7 and 0.3
    /// @throws IllegalArgumentException if there is no part, not one weight for each, or a weight is not positive
    public Mixture(List<RowStream> parts, double... weights) {
        if (parts.isEmpty() || parts.size() != weights.length) {
            throw new IllegalArgumentException("found " + weights.length + " weights for " + parts.size()
                    + " parts of a mixture, expected one for each");
        }
        List<BigDecimal> exact = new ArrayList<>();
        int scale = 0;
        for (double weight : weights) {
            if (!(weight > 0 && weight < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("found the weight " + weight + " in a mixture, expected a positive "
                        + "number");
            }
            exact.add(BigDecimal.valueOf(weight));
            scale = Math.max(scale, exact.getLast().scale());
        }
        this.parts = List.copyOf(parts);
        this.weights = new BigInteger[weights.length];
        totals = new BigInteger[weights.length];
        BigInteger total = BigInteger.ZERO;
        for (int i = weights.length - 1; i >= 0; i--) {
            this.weights[i] = exact.get(i).setScale(scale).unscaledValue();
            total = total.add(this.weights[i]);
            totals[i] = total;
        }
    }

    /// A row of a mixture.
    ///
    /// @param part which part it comes from
    /// @param index its number in the part
    public record Place(int part, long index) { }

    /// Where a row comes from.
    public Place place(long index) {
        long rest = index;
        for (int i = 0; i < weights.length - 1; i++) {
            long before = share(i, rest);
            if (share(i, rest + 1) > before) {
                return new Place(i, before);
            }
            rest -= before;
        }
        return new Place(weights.length - 1, rest);
    }

    /// ⌊rows·w/W + ½⌋
    private long share(int part, long rows) {
        return BigInteger.valueOf(2 * rows).multiply(weights[part]).add(totals[part])
                .divide(totals[part].shiftLeft(1)).longValueExact();
    }

    @Override
    public void add(TokenBatch batch, long index) {
        Place place = place(index);
        parts.get(place.part).add(batch, place.index);
    }

    /// How many of the first rows come from each part.
    public long[] counts(long rows) {
        long[] counts = new long[weights.length];
        long rest = rows;
        for (int i = 0; i < weights.length; i++) {
            counts[i] = i == weights.length - 1 ? rest : share(i, rest);
            rest -= counts[i];
        }
        return counts;
    }
}
