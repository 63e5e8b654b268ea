package glia.model.block;

import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.model.spec.Sublayer;
import glia.tensor.Tensor;
import glia.tensor.ops.LayerRanks;
import glia.tensor.ops.Ops;
import glia.tensor.ops.StreamRows;
import glia.tensor.ops.row.Columns.SliceColumns;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/// A sequence of sublayers: `x ← residual(x, after(mixer(before(x))))`.
final class Layers {
    /// @param isFollowed whether later layers share its keys and values, which then stay in the workspace
    /// @param ended the layer that ends with it; -1 if others follow
    private record Step(Connection connection, Block before, Block mixer, Block after, boolean isFollowed,
            int ended) { }

    private final Step[] steps;
    private final int firstPlace;
    private Set<Integer> kept = Set.of();

    /// @param firstPlace the index of the first sublayer in the model
    Layers(List<Sublayer> sublayers, int firstPlace, Mixers mixers) {
        Weights weights = mixers.weights();
        this.firstPlace = firstPlace;
        steps = new Step[sublayers.size()];
        for (int i = 0; i < steps.length; i++) {
            Sublayer s = sublayers.get(i);
            Place place = Place.of(firstPlace + i);
            steps[i] = new Step(Connection.of(s.residual(), weights, place),
                    NormBlock.of(s.before(), weights, place, Role.BEFORE_WEIGHT, Role.BEFORE_BIAS),
                    mixers.of(s.mixer(), place),
                    NormBlock.of(s.after(), weights, place, Role.AFTER_WEIGHT, Role.AFTER_BIAS),
                    mixers.followed().contains(firstPlace + i),
                    i + 1 == steps.length || sublayers.get(i + 1).layer() > s.layer() ? s.layer() : -1);
        }
    }

    /// Keeps the stream after some layers in `CrossLayer.inner`.
    void keep(Set<Integer> layers) {
        kept = layers;
    }

    /// The residual stream after all sublayers. x may be overwritten; do not read it afterwards.
    Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        if (ops.layerRanks().isPresent()) {
            LayerRanks ranks = ops.layerRanks().get();
            ranks.receive(x);
            Tensor y = forward(ops, x, pass, states, ranks.first(), ranks.end());
            requireStream(pass);
            ranks.send(y);
            return y;
        }
        StreamRows rows = ops.rows();
        rows.begin(pass.numTokens());
        return rows.all(ops, forward(ops, rows.own(ops, x), pass, states, 0, steps.length));
    }

    /// The same after the sublayers `first` to `end`, of the rows of this rank.
    Tensor forward(Ops ops, Tensor x, Pass pass, States states, int first, int end) {
        int size = ops.segmentSublayers();
        if (size == 0) {
            return run(first, end, ops, x, pass, states);
        }
        Tensor stream = x;
        for (int from = first; from < end; from += size) {
            stream = segment(from, Math.min(end, from + size), ops, stream, pass, states);
        }
        return stream;
    }

    /// Requires that other layers read no more of those before than the residual stream.
    static void requireStream(Pass pass) {
        if (!pass.crossLayer().tensors().isEmpty() || pass.crossLayer().chosen().isPresent()) {
            throw new IllegalArgumentException("layers of this model read more of others than the residual stream, so "
                    + "it cannot be cut between them");
        }
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
        ops.rows().begin(pass.numTokens());
        Tensor stream = x;
        LayerHook hook = pass.hook();
        for (int i = from; i < to; i++) {
            Step step = steps[i];
            int mark = ops.mark();
            int numRouted = pass.crossLayer().routed().size();
            Tensor[] opened = step.connection.open(ops, stream);
            Tensor normed = step.before.forward(ops, opened.length == 0 ? stream : opened[0], pass, states);
            Tensor update = step.mixer.forward(ops, ops.rows().input(ops, stream, normed), pass, states);
            update = step.after.forward(ops, ops.rows().own(ops, update), pass, states);
            update = ops.dropout(update, Ops.Dropped.SUBLAYER, firstPlace + i);
            if (hook != null) {
                hook.update(firstPlace + i, update);
            }
            stream = step.connection.close(ops, stream, opened, normed, update);
            if (hook != null) {
                hook.stream(firstPlace + i, stream);
            }
            if (!step.isFollowed && pass.crossLayer().routed().size() == numRouted) {
                ops.release(mark);
            }
            if (step.ended >= 0) {
                stream = ended(step.ended, ops, stream, pass.crossLayer());
            }
        }
        return stream;
    }

    /// The stream after a layer.
    private Tensor ended(int layer, Ops ops, Tensor x, CrossLayer crossLayer) {
        if (kept.contains(layer)) {
            // A copy, since the stream may be overwritten.
            crossLayer.inner().add(ops.apply(SliceColumns.of(x, 0, x.cols())));
        }
        List<Tensor> stacked = crossLayer.stacked();
        return layer < stacked.size() ? ops.residual(x, stacked.get(layer), 1) : x;
    }
}
