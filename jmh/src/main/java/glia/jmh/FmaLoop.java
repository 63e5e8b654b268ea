package glia.jmh;

import glia.tensor.kernel.Workers;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Measures the peak F32 rate: all threads run fused multiply-adds in registers. This is the limit for compute-bound
/// kernels.
///
/// It uses twelve independent chains: more than a processor with two units and a latency of 4 or 5 cycles needs, and
/// few enough for 16 registers.
final class FmaLoop implements Workers.Task {
    private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    private static final int CHAINS = 12;

    private final Workers workers;
    private final int rounds;
    private final float[] results;

    /// @param rounds number of loop iterations of a chunk
    FmaLoop(Workers workers, int rounds) {
        this.workers = workers;
        this.rounds = rounds;
        results = new float[workers.chunksFor(Long.MAX_VALUE)];
    }

    /// Floating-point operations of `run`; a multiply-add counts as two.
    long numOps() {
        return 2L * CHAINS * F.length() * rounds * results.length;
    }

    /// Runs the loop several times on each thread.
    ///
    /// @return `numOps() / 2`, counted by the additions themselves: each adds 1. Exact for about 100,000 iterations
    double run() {
        workers.run(this, results.length);
        double sum = 0;
        for (float result : results) {
            sum += result;
        }
        return sum;
    }

    @Override
    public void run(int chunk, int worker) {
        results[chunk] = chains(1, 1, rounds);
    }

    /// Repeats `v = v · factor + step` on all lanes of all chains, which begin at 0, -1, 1, -2, 2 and so on, to -6: all
    /// different, so that the compiler does not merge them. Their sum over a lane is -6.
    ///
    /// @return the sum of all lanes minus the initial values
    private static float chains(float factor, float step, int rounds) {
        FloatVector f = FloatVector.broadcast(F, factor);
        FloatVector s = FloatVector.broadcast(F, step);
        FloatVector a = FloatVector.broadcast(F, 0);
        FloatVector b = FloatVector.broadcast(F, -1);
        FloatVector c = FloatVector.broadcast(F, 1);
        FloatVector d = FloatVector.broadcast(F, -2);
        FloatVector e = FloatVector.broadcast(F, 2);
        FloatVector g = FloatVector.broadcast(F, -3);
        FloatVector h = FloatVector.broadcast(F, 3);
        FloatVector i = FloatVector.broadcast(F, -4);
        FloatVector j = FloatVector.broadcast(F, 4);
        FloatVector k = FloatVector.broadcast(F, -5);
        FloatVector l = FloatVector.broadcast(F, 5);
        FloatVector m = FloatVector.broadcast(F, -6);
        for (int t = 0; t < rounds; t++) {
            a = a.fma(f, s);
            b = b.fma(f, s);
            c = c.fma(f, s);
            d = d.fma(f, s);
            e = e.fma(f, s);
            g = g.fma(f, s);
            h = h.fma(f, s);
            i = i.fma(f, s);
            j = j.fma(f, s);
            k = k.fma(f, s);
            l = l.fma(f, s);
            m = m.fma(f, s);
        }
        FloatVector sum = a.add(b).add(c).add(d).add(e).add(g).add(h).add(i).add(j).add(k).add(l).add(m);
        return sum.add(6).reduceLanes(VectorOperators.ADD);
    }
}
