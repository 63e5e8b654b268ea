package glia.kernels.asm;

/// The size of an instruction's memory operand, which is the unit of EVEX's 8-bit displacement ("disp8*N"). A register
/// in its place has the same size, but at least that of an xmm. Intel's manual, volume 2, section 2.7.5.
enum TupleType {
    /// The whole vector, or a 32-bit broadcast.
    FULL,
    /// The whole vector, or a 64-bit broadcast.
    FULL64,
    /// The whole vector, never broadcast.
    WHOLE,
    HALF, QUARTER, EIGHTH,
    BYTES1, BYTES2, BYTES4, BYTES8, BYTES16, BYTES32;

    /// @param vector the width of the instruction's vectors in bytes
    int bytes(int vector) {
        return switch (this) {
            case FULL, FULL64, WHOLE -> vector;
            case HALF -> vector / 2;
            case QUARTER -> vector / 4;
            case EIGHTH -> vector / 8;
            case BYTES1 -> 1;
            case BYTES2 -> 2;
            case BYTES4 -> 4;
            case BYTES8 -> 8;
            case BYTES16 -> 16;
            case BYTES32 -> 32;
        };
    }

    /// Size of a broadcast value in bytes, 0 without a broadcast.
    int broadcastBytes() {
        return this == FULL ? 4 : this == FULL64 ? 8 : 0;
    }
}
