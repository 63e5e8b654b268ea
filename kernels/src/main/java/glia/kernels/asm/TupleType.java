package glia.kernels.asm;

/// How many bytes an instruction touches where its memory operand stands, and so what EVEX's displacement of 8 bits
/// counts in ("disp8*N"). A register in this place has the same size, but at least that of an xmm.
/// Intel's manual, volume 2, section 2.7.5.
enum TupleType {
    /// The whole vector, or one number of 32 bits for all lanes.
    FULL,
    /// The whole vector, or one number of 64 bits for all lanes.
    FULL64,
    /// The whole vector, never broadcast.
    WHOLE,
    HALF, QUARTER, EIGHTH,
    BYTES1, BYTES2, BYTES4, BYTES8, BYTES16, BYTES32;

    /// @param vector bytes of the instruction's vectors
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

    /// Bytes of one broadcast number, 0 where there is no broadcast.
    int broadcastBytes() {
        return this == FULL ? 4 : this == FULL64 ? 8 : 0;
    }
}
