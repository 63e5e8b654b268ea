package glia.kernels.asm;

/// A mask register, one bit for each lane of a vector. K0 as a write mask means "all lanes".
public enum Mask implements Operand {
    K0, K1, K2, K3, K4, K5, K6, K7;

    int number() {
        return ordinal();
    }

    @Override
    public String toString() {
        return "k" + ordinal();
    }
}
