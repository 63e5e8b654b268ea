package glia.jmh;

/// One token times matrices that stream from memory: a step of decoding one sequence, bound by reading.
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
