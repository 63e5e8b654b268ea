package glia.tensor.kernel;


/// Finds the indices of the k largest values by radix select in three passes: floats are mapped to unsigned integers of
/// the same order, whose digits are counted from the highest on until the k-th largest is known. For equal values the
/// lower index comes first; NaN counts as smallest.
public final class TopK {
    private static final int[] SHIFTS = {21, 10, 0};
    private static final int[] BITS = {11, 11, 10};

    private TopK() { }

    /// Fills the list of a token with the indices of the `lists.count(token)` largest scores, ascending.
    public static void choose(float[] scores, AttendedPositions lists, int token) {
        int count = lists.count(token);
        if (count == scores.length) {
            for (int i = 0; i < count; i++) {
                lists.set(token, i, i);
            }
            return;
        }
        int[] keys = new int[scores.length];
        for (int i = 0; i < keys.length; i++) {
            keys[i] = ordered(scores[i]);
        }
        int threshold = 0;
        int mask = 0;
        int left = count;
        for (int digit = 0; digit < SHIFTS.length; digit++) {
            int[] histogram = new int[1 << BITS[digit]];
            int low = (1 << BITS[digit]) - 1;
            for (int key : keys) {
                if ((key & mask) == threshold) {
                    histogram[key >>> SHIFTS[digit] & low]++;
                }
            }
            int value = low;
            while (histogram[value] < left) {
                left -= histogram[value--];
            }
            threshold |= value << SHIFTS[digit];
            mask |= low << SHIFTS[digit];
        }
        // All above the threshold, and the first `left` of those equal to it.
        for (int i = 0, at = 0; at < count; i++) {
            boolean equal = keys[i] == threshold && left > 0;
            if (equal || Integer.compareUnsigned(keys[i], threshold) > 0) {
                left -= equal ? 1 : 0;
                lists.set(token, at++, i);
            }
        }
    }

    /// Maps a float to an unsigned integer of the same order: 0 and -0 are equal, NaN is below all.
    private static int ordered(float x) {
        if (Float.isNaN(x)) {
            return 0;
        }
        int bits = Float.floatToRawIntBits(x + 0f);
        return bits < 0 ? ~bits : bits | Integer.MIN_VALUE;
    }
}
