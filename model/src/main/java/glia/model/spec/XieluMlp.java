package glia.model.spec;

import java.util.List;

/// `down(xIELU(up(x)))`, an MLP with an activation that has two learned slopes a layer, and two stored numbers that
/// training leaves as they are (`glia.tensor.ops.row.Xielu`). https://arxiv.org/abs/2411.13010
public record XieluMlp(int intermediateSize) implements Mixer {
    public XieluMlp {
        NumberRange.SIZE.require("MLP width", intermediateSize);
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        shapes.add(Role.UP, intermediateSize, hidden);
        shapes.add(Role.POSITIVE_SLOPE, 1);
        shapes.add(Role.NEGATIVE_SLOPE, 1);
        shapes.add(Role.COMMON_SLOPE, 1);
        shapes.add(Role.SLOPE_LIMIT, 1);
        shapes.add(Role.DOWN, hidden, intermediateSize);
    }

    @Override
    public List<CacheKind> caches() {
        return List.of();
    }

    @Override
    public String describe() {
        return "MLP, " + intermediateSize + " wide, xIELU";
    }
}
