package glia.model;

import glia.model.block.Decoder;
import glia.model.spec.Attention;
import glia.model.spec.CacheKind;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.NormedAttention;
import glia.tensor.kernel.Scores;
import glia.tensor.ops.CacheRanks;
import glia.tensor.ops.ExpertRanks;
import glia.tensor.ops.LayerRanks;
import glia.tensor.ops.RankGroup;
import glia.tensor.ops.RankProducts;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/// What of a model each of some ranks has in inference. All compute the same passes together, and get the same logits.
public enum Division {
    /// Some attention heads and columns of MLPs: the same bits on 1, 2, 4 and 8 ranks.
    TENSOR {
        @Override
        Model of(Model model, RankGroup ranks) {
            return TensorParallel.of(model, ranks, false, false);
        }
    },
    /// Some experts of each layer: the bits of one process.
    EXPERT {
        @Override
        Model of(Model model, RankGroup ranks) {
            int count = model.sources().keySet().stream().mapToInt(p -> p.expert() + 1).max().orElse(0);
            if (count < ranks.size()) {
                throw new IllegalArgumentException("the model has " + (count == 0 ? "no" : count) + " experts, which "
                        + ranks.size() + " ranks cannot divide");
            }
            return model.with(RankProducts.of(Optional.of(new ExpertRanks(ranks, Map.of())), Optional.empty()));
        }
    },
    /// Some layers: the bits of one process.
    PIPELINE {
        @Override
        Model of(Model model, RankGroup ranks) {
            ModelSpec spec = model.spec();
            if (spec.encoder().isPresent() || spec.streams().isPresent() || spec.diffusion().isPresent()
                    || Decoder.sharesKeys(spec)) {
                throw new IllegalArgumentException("ranks cannot have some layers each of a model with an encoder, "
                        + "several residual streams, text diffusion, or layers that read keys and values of others");
            }
            List<Integer> layers = spec.layerStarts();
            if (layers.size() < ranks.size()) {
                throw new IllegalArgumentException("the " + layers.size() + " layers of the model cannot be divided "
                        + "among " + ranks.size() + " ranks");
            }
            List<Integer> starts = new ArrayList<>();
            for (int r = 0; r < ranks.size(); r++) {
                starts.add(layers.get(layers.size() * r / ranks.size()));
            }
            starts.add(spec.sublayers().size());
            return model.with(RankProducts.of(Optional.empty(), Optional.of(new LayerRanks(ranks, starts))));
        }
    },
    /// Some blocks of positions of each KV cache: results of one process but for rounding. Layers with sliding windows
    /// have their caches on all ranks.
    CONTEXT {
        @Override
        Model of(Model model, RankGroup ranks) {
            ModelSpec spec = model.spec();
            boolean isPossible = !Decoder.sharesKeys(spec) && IntStream.range(0, spec.sublayers().size()).boxed()
                    .flatMap(i -> spec.mixers(i).stream()).allMatch(Division::mergesAttention);
            if (!isPossible || spec.encoder().isPresent()) {
                throw new IllegalArgumentException("ranks divide KV caches of softmax attention whose scores depend on "
                        + "queries and keys alone; this model has other layers, such as latent or sparse attention, "
                        + "ALiBi, attention sinks, an encoder, or layers that read keys and values of others");
            }
            return model.with(RankProducts.of(new CacheRanks(ranks)));
        }
    };

    private static boolean mergesAttention(Mixer mixer) {
        return switch (mixer) {
            case NormedAttention attention -> true;
            case Attention attention -> attention.scores() instanceof Scores.Plain
                    || attention.scores() instanceof Scores.Capped || !CacheRanks.divides(attention.span());
            default -> mixer.caches().stream().allMatch(cache -> switch (cache) {
                case CacheKind.KeyValues kv -> !CacheRanks.divides(kv.span());
                case CacheKind.Rows rows -> !CacheRanks.divides(rows.span());
                case CacheKind.Recurrence recurrence -> true;
                case CacheKind.Source source -> false;
            });
        };
    }

    /// This rank's part of a model, a view of it.
    ///
    /// @throws IllegalArgumentException if so many ranks cannot divide the model
    abstract Model of(Model model, RankGroup ranks);
}
