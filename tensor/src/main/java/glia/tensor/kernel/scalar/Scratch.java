package glia.tensor.kernel.scalar;

import glia.tensor.kernel.Workers;

/// Arrays for intermediate values, one for each worker, kept from call to call and grown where needed.
final class Scratch {
    private final float[][] arrays;

    Scratch(Workers workers) {
        arrays = new float[workers.count()][0];
    }

    /// Returns at least `size` values with undefined contents; they belong to the worker until the end of its range.
    float[] of(int worker, int size) {
        float[] array = arrays[worker];
        if (array.length < size) {
            array = new float[Math.max(size, 2 * array.length)];
            arrays[worker] = array;
        }
        return array;
    }
}
