package glia.model.block;

import glia.model.spec.Place;
import glia.model.spec.Residual;
import glia.model.spec.Role;
import glia.model.spec.Sublayer;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.StoredScale;
import glia.tensor.ops.row.Sum;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// A sequence of sublayers: `x ← residual(x, after(mixer(before(x))))`.
final class Layers {
    /// @param scale the learned scale of the residual, if it has one
    /// @param isFollowed whether later layers share its keys and values, which then stay in the workspace
    private record Step(Block before, Block mixer, Block after, Residual residual, List<Weight> scale,
            boolean isFollowed) { }

    private final Step[] steps;
    private final int firstPlace;

    /// @param firstPlace the index of the first sublayer in the model
    Layers(List<Sublayer> sublayers, int firstPlace, Mixers mixers) {
        Weights weights = mixers.weights();
        this.firstPlace = firstPlace;
        steps = new Step[sublayers.size()];
        for (int i = 0; i < steps.length; i++) {
            Sublayer s = sublayers.get(i);
            Place place = Place.of(firstPlace + i);
            steps[i] = new Step(NormBlock.of(s.before(), weights, place, Role.BEFORE_WEIGHT, Role.BEFORE_BIAS),
                    mixers.of(s.mixer(), place),
                    NormBlock.of(s.after(), weights, place, Role.AFTER_WEIGHT, Role.AFTER_BIAS), s.residual(),
                    s.residual() instanceof Residual.Scaled ? List.of(weights.get(place, Role.LAYER_SCALE))
                            : List.of(), mixers.followed().contains(firstPlace + i));
        }
    }

    /// The residual stream after all sublayers. x may be overwritten; do not read it afterwards.
    Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        int size = ops.segmentSublayers();
        if (size == 0) {
            return run(0, steps.length, ops, x, pass, states);
        }
        Tensor stream = x;
        for (int from = 0; from < steps.length; from += size) {
            stream = segment(from, Math.min(steps.length, from + size), ops, stream, pass, states);
        }
        return stream;
    }

    /// Runs some sublayers as a segment for activation checkpointing. The cross-layer tensors are inputs and outputs of
    /// the segment, so that gradients flow through them.
    private Tensor segment(int from, int to, Ops ops, Tensor x, Pass pass, States states) {
        CrossLayer before = new CrossLayer();
        before.collectRouted(pass.crossLayer().collectsRouted());
        before.set(pass.crossLayer());
        CrossLayer after = new CrossLayer();
        List<Tensor> inputs = new ArrayList<>(before.tensors());
        int numShared = inputs.size();
        inputs.addFirst(x);
        int mark = ops.mark();
        Tensor[] outputs = ops.segment(in -> {
            CrossLayer inside = before.with(Arrays.asList(in).subList(1, in.length));
            List<Tensor> out = new ArrayList<>();
            out.add(run(from, to, ops, in[0], pass.with(inside), states));
            List<Tensor> shared = inside.tensors();
            out.addAll(shared.subList(numShared, shared.size()));
            inside.routed().forEach(r -> out.add(r.logits()));
            after.set(inside);
            after.collectRouted(false);
            after.addRouted(inside.routed());
            return out.toArray(Tensor[]::new);
        }, inputs.toArray(Tensor[]::new));
        int numRouted = after.routed().size();
        List<Tensor> shared = new ArrayList<>(before.tensors());
        shared.addAll(Arrays.asList(outputs).subList(1, outputs.length - numRouted));
        pass.crossLayer().set(after.with(shared));
        for (int i = 0; i < numRouted; i++) {
            RoutedTokens r = after.routed().get(i);
            pass.crossLayer().addRouted(r.place(), outputs[outputs.length - numRouted + i], r.routing());
        }
        Tensor stream = ops.replace(x, outputs[0]);
        if (outputs.length == 1) {
            ops.release(mark);
        }
        return stream;
    }

    /// The sublayers `from` to `to`.
    private Tensor run(int from, int to, Ops ops, Tensor x, Pass pass, States states) {
        Tensor stream = x;
        for (int i = from; i < to; i++) {
            Step step = steps[i];
            int mark = ops.mark();
            int numRouted = pass.crossLayer().routed().size();
            Tensor normed = step.before.forward(ops, stream, pass, states);
            Tensor update = step.mixer.forward(ops, normed, pass, states);
            update = step.after.forward(ops, update, pass, states);
            update = ops.dropout(update, Ops.Dropped.SUBLAYER, firstPlace + i);
            stream = switch (step.residual) {
                case Residual.Add add -> ops.residual(stream, update, add.scale());
                case Residual.Scaled scaled -> ops.replace(stream,
                        ops.apply(new StoredScale(ops.residual(stream, update, 1), step.scale.getFirst())));
                case Residual.Normed r -> ops.replace(stream,
                        ops.apply(new Sum(normed, r.alpha(), update, r.beta())));
            };
            if (!step.isFollowed && pass.crossLayer().routed().size() == numRouted) {
                ops.release(mark);
            }
        }
        return stream;
    }
}
