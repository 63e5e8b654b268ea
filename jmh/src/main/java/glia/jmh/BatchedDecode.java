package glia.jmh;

import org.openjdk.jmh.annotations.Param;

/// Decoding a batch of 16: matrix multiplication of 16 tokens with weights streamed from memory.
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
