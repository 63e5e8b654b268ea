package glia.jmh;

import org.openjdk.jmh.annotations.Param;

/// Sixteen tokens times matrices that stream from memory: a step of decoding sixteen sequences at once.
public class BatchedDecode extends StreamedWeights {
    @Param("16")
    public int tokens;

    @Override
    Limit limit() {
        return Limit.FMA;
    }

    @Override
    int numTokens() {
        return tokens;
    }
}
