package glia.model.block;

import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.attention.BlockEnds;
import glia.tensor.ops.attention.BlockPool;
import glia.tensor.ops.row.ConcatColumns;
import glia.tensor.ops.row.SliceColumns;
import glia.tensor.ops.row.SpreadRows;

/// The entries of compressed blocks: pooled, normalized, with RoPE on the last dimensions at the block's first
/// position.
///
/// @param overlaps whether an entry is made of two blocks
record EntryBlock(Weight value, Weight gate, Weight positions, Weight norm, float eps, RopeTable rope,
        boolean overlaps) {
    static EntryBlock of(Weights weights, Place place, Role[] roles, float eps, RopeTable rope, boolean overlaps) {
        return new EntryBlock(weights.get(place, roles[0]), weights.get(place, roles[1]),
                weights.get(place, roles[2]), weights.get(place, roles[3]), eps, rope, overlaps);
    }

    /// The entries `[N, E]` at the rows of block ends, among zeros.
    Tensor forward(Ops ops, Tensor x, Pass pass, KeyValueState state) {
        Tensor rows = ops.apply(new ConcatColumns(ops.linear(x, value), ops.linear(x, gate), 1, false));
        BlockEnds ends = new BlockEnds(pass.runs(), positions.rows());
        Tensor pooled = ops.apply(new BlockPool(rows, positions, state, pass.runs(), ends, overlaps));
        int[] at = new int[ends.count()];
        for (int i = 0; i < at.length; i++) {
            at[i] = ends.row(i);
        }
        if (at.length > 0) {
            pooled = rotateLast(ops, ops.rmsNorm(pooled, norm, eps, 0), pooled.cols(), rope, ends.starts());
        }
        return ops.apply(new SpreadRows(pooled, at, x.rows()));
    }

    /// RoPE of the last dimensions of each head.
    static Tensor rotateLast(Ops ops, Tensor x, int headSize, RopeTable rope, Runs runs) {
        int rotated = 2 * rope.numPairs();
        if (rotated == headSize) {
            return ops.rotate(x, headSize, rope, runs);
        }
        Tensor plain = ops.apply(new SliceColumns(x, headSize, 0, headSize - rotated));
        Tensor turned = ops.rotate(ops.apply(new SliceColumns(x, headSize, headSize - rotated, rotated)), rotated, rope,
                runs);
        return ops.apply(new ConcatColumns(plain, turned, x.cols() / headSize, false));
    }
}
