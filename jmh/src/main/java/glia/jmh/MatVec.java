package glia.jmh;

/// Decode of one sequence: GEMV with weights streamed from memory, bound by memory bandwidth.
public class MatVec extends StreamedWeights {
    @Override
    Limit limit() {
        return Limit.READ;
    }

    @Override
    int numTokens() {
        return 1;
    }
}
