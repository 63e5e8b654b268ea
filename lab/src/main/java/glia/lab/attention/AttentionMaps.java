package glia.lab.attention;

import glia.engine.pass.Engine;
import glia.lab.WatchedOps;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.model.spec.ModelSpec;
import glia.model.spec.Place;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// The attention weights of each head of each attention layer of a model for one text.
public final class AttentionMaps {
    /// The map of one attention layer.
    ///
    /// @param layer the layer as the checkpoint counts it
    /// @param mixer a description of the mixer
    /// @param weights `[H][T][T]`: head, token, token attended to
    public record Map(int layer, String mixer, float[][][] weights) { }

    private AttentionMaps() { }

    /// The maps of all attention layers, in the order of a pass. Other mixers have none, nor does sparse attention with
    /// an indexer.
    ///
    /// @throws IllegalArgumentException if the text has no tokens or one that does not exist
    public static List<Map> of(Engine engine, int[] ids) {
        List<Map> maps = new ArrayList<>();
        each(engine, ids, maps::add);
        return maps;
    }

    /// As [#of], but passes each map on as soon as it is computed, so that one is held at a time.
    ///
    /// @throws IllegalArgumentException if the text has no tokens or one that does not exist
    public static void each(Engine engine, int[] ids, Consumer<Map> receiver) {
        engine.whileOpen(() -> {
            open(engine, ids, receiver);
            return null;
        });
    }

    private static void open(Engine engine, int[] ids, Consumer<Map> receiver) {
        Compute ops = engine.ops();
        ops.release(0);
        Place[] place = {Place.of(0)};
        Ops watched = new WatchedOps(ops) {
            @Override
            public Tensor attention(Tensor q, Tensor k, Tensor v, KeyValueState state, Runs runs, AttentionShape shape,
                    Weight learned) {
                receiver.accept(map(engine.model().spec(), place[0],
                        AttentionWeights.of(q, k, shape, Compute.stored(learned))));
                return super.attention(q, k, v, state, runs, shape, learned);
            }
        };
        States states = new States() {
            @Override
            public KeyValueState keyValues(Place at, int index) {
                place[0] = at;
                return KeyValueState.NONE;
            }

            @Override
            public RecurrentState recurrence(Place at, int index) {
                return RecurrentState.NONE;
            }
        };
        Pass pass = new Pass().add(ids, 0, ids.length, 0, Pass.Outputs.LAST);
        engine.decoder().forward(watched, pass, states);
        ops.release(0);
    }

    private static Map map(ModelSpec spec, Place place, float[][][] weights) {
        return new Map(spec.sublayers().get(place.sublayer()).layer(), spec.mixer(place).describe(), weights);
    }
}
