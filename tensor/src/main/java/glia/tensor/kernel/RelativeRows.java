package glia.tensor.kernel;

/// The rows of a table of `2 · size` relative positions, one for each distance `query - key`, as in DeBERTa V2
/// (https://arxiv.org/abs/2006.03654): row `clip(bucket(distance) + size, 0, 2 · size - 1)`. With buckets, distances up
/// to half of their number have one each; the others share buckets that widen by equal factors up to `reach`.
///
/// @param size half of the rows
/// @param hasBuckets whether distances share buckets; otherwise the bucket is the distance
/// @param reach the first distance of the last bucket, plus 1
public record RelativeRows(int size, boolean hasBuckets, int reach) {
    public RelativeRows {
        if (size < 1 || size > Integer.MAX_VALUE / 2 || hasBuckets && (size < 2 || reach < size / 2 + 2)) {
            throw new IllegalArgumentException(size + " relative positions up to distance " + reach);
        }
    }

    /// The row of a distance, computed in F32 as in the reference, which matters at the border of two buckets.
    public int of(int distance) {
        int middle = size / 2;
        int far = Math.abs(distance);
        int bucket = distance;
        if (hasBuckets && far > middle) {
            float share = (float) Math.log((float) far / middle)
                    / (float) Math.log((float) ((reach - 1.0) / middle));
            bucket = Integer.signum(distance) * ((int) Math.ceil(share * (middle - 1)) + middle);
        }
        return Math.clamp((long) bucket + size, 0, 2 * size - 1);
    }
}
