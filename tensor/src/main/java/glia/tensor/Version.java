package glia.tensor;

/// How often numbers in a piece of memory were changed. All views of the memory share one.
final class Version {
    private long number;

    long number() {
        return number;
    }

    void raise() {
        number++;
    }
}
