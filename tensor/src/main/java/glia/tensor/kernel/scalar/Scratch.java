package glia.tensor.kernel.scalar;

import glia.tensor.kernel.Workers;

/// Arrays for intermediate numbers, one for each worker, kept from call to call and grown where needed.
final class Scratch {
    private final float[][] arrays;

    Scratch(Workers workers) {
        arrays = new float[workers.count()][0];
    }

    /// At least `size` numbers that are the worker's own until it ends its range; what they hold is undefined.
    float[] of(int worker, int size) {
        float[] array = arrays[worker];
        if (array.length < size) {
            array = new float[Math.max(size, 2 * array.length)];
            arrays[worker] = array;
        }
        return array;
    }
}
