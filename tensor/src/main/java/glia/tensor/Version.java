package glia.tensor;

/// A counter of the changes to a piece of memory, shared by all its views.
final class Version {
    private long number;

    long number() {
        return number;
    }

    void raise() {
        number++;
    }
}
