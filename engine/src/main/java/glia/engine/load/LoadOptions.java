package glia.engine.load;

import glia.engine.draft.Drafting;
import glia.engine.pass.Engine;
import glia.engine.state.BlockPool;
import glia.engine.state.CachePolicy;
import glia.engine.state.PromptFolder;
import glia.engine.state.PromptStore;
import glia.io.hub.HubSettings;
import glia.io.packed.PackedFolder;
import glia.model.Division;
import glia.model.Model;
import glia.model.adapter.AdaptedModel;
import glia.model.spec.RopeChange;
import glia.tensor.Precision;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.PageChoice;
import glia.tensor.kernel.SparsePrompts;
import glia.tensor.ops.RankGroup;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.stream.Stream;

/// Options of loading and running a model.
///
/// @param threads number of compute threads; 0: one for each core
/// @param contextLength the most tokens of a sequence; 0: the model's own context
/// @param kernels the name of a kernel backend, or `auto` for the best one on this machine
/// @param precision the arithmetic of matrix multiplications
/// @param keyValueType the type of the KV cache: smaller ones take less memory and make long contexts faster
/// @param drafting speculative decoding: what drafts tokens; the output is the same
/// @param batchInvariant whether a token's logits have the same bits whatever else is in its pass, at a cost in speed
/// @param kvMemoryBytes memory for the KV cache; what has no room there goes to a file. 0: all of it is in memory
/// @param adapter a folder with an adapter (LoRA) of the model, as PEFT saves it
/// @param rope a scaling of rotary positions in place of the model's own; a draft model keeps its own
/// @param promptCacheBytes the most that KV caches of prompts may take on disk, in `prompts` of Glia's cache folder;
///     0: none are kept there
/// @param pages which pages of the KV cache the query of a new token attends to; empty for all
/// @param prefill the share of attention that the chosen pages of long prompts hold; empty: prompts attend to all
/// @param policy which positions of the KV cache sequences keep; empty for all
/// @param ranks that compute together, each with a part of the model
/// @param projector the encoder of pictures of a GGUF model, a `mmproj` file; if empty, the one beside the model
public record LoadOptions(int threads, int contextLength, String kernels, Precision precision,
        Optional<KeyValueType> keyValueType, Drafting drafting, boolean batchInvariant, long kvMemoryBytes,
        Optional<Path> adapter, Optional<RopeChange> rope, long promptCacheBytes, Optional<PageChoice> pages,
        OptionalDouble prefill, Optional<CachePolicy> policy, Optional<Ranks> ranks,
        Optional<Path> projector) {
    /// Ranks that divide a model ([Model#divided]).
    public record Ranks(Division division, RankGroup members) { }

    /// The longest context whose KV cache is F32 unless a type is given; that of longer ones is BF16.
    private static final int LONGEST_IN_F32 = 32_768;

    /// The least memory for a KV cache that may be larger than memory.
    public static final long LEAST_KV_MEMORY = 16 << 20;

    public LoadOptions {
        if (threads < 0 || threads > 1024) {
            throw new IllegalArgumentException("threads must be 1 to 1024, or 0 for one a core, not " + threads);
        }
        if (contextLength < 0) {
            throw new IllegalArgumentException("the context must hold at least 1 token, not " + contextLength);
        }
        if (kvMemoryBytes != 0 && kvMemoryBytes < LEAST_KV_MEMORY) {
            throw new IllegalArgumentException("the KV cache needs 16 MiB of memory or more, not " + kvMemoryBytes
                    + " bytes");
        }
        if (prefill.isPresent() && batchInvariant) {
            throw new IllegalArgumentException("batch invariance is not possible with sparse prefill, which chooses "
                    + "pages for each chunk of a prompt; leave one of them out");
        }
        if (policy.isPresent() && !drafting.equals(Drafting.none())) {
            throw new IllegalArgumentException("speculative decoding is not possible with the cache policy "
                    + policy.get() + ", since rejected drafts would have dropped positions; leave one of them out");
        }
    }

    /// Options with the usual type of KV cache, without speculative decoding and batch invariance.
    public LoadOptions(int threads, int contextLength, String kernels, Precision precision) {
        this(threads, contextLength, kernels, precision, Optional.empty(), Drafting.none(), false, 0,
                Optional.empty(), Optional.empty(), 0, Optional.empty(), OptionalDouble.empty(), Optional.empty(),
                Optional.empty(), Optional.empty());
    }

    /// One thread a core, the model's own context, the best kernels, fast precision, the usual type of KV cache, no
    /// speculative decoding, no batch invariance.
    public static LoadOptions defaults() {
        return new LoadOptions(0, 0, "auto", Precision.FAST);
    }

    public LoadOptions withPrecision(Precision other) {
        return new LoadOptions(threads, contextLength, kernels, other, keyValueType, drafting, batchInvariant,
                kvMemoryBytes, adapter, rope, promptCacheBytes, pages, prefill, policy, ranks, projector);
    }

    public LoadOptions withKeyValueType(KeyValueType other) {
        return new LoadOptions(threads, contextLength, kernels, precision, Optional.of(other), drafting, batchInvariant,
                kvMemoryBytes, adapter, rope, promptCacheBytes, pages, prefill, policy, ranks, projector);
    }

    public LoadOptions withKernels(String other) {
        return new LoadOptions(threads, contextLength, other, precision, keyValueType, drafting, batchInvariant,
                kvMemoryBytes, adapter, rope, promptCacheBytes, pages, prefill, policy, ranks, projector);
    }

    public LoadOptions withContextLength(int other) {
        return new LoadOptions(threads, other, kernels, precision, keyValueType, drafting, batchInvariant,
                kvMemoryBytes, adapter, rope, promptCacheBytes, pages, prefill, policy, ranks, projector);
    }

    /// With a KV cache that may be larger than memory.
    public LoadOptions withKvMemory(long bytes) {
        return new LoadOptions(threads, contextLength, kernels, precision, keyValueType, drafting, batchInvariant,
                bytes, adapter, rope, promptCacheBytes, pages, prefill, policy, ranks, projector);
    }

    /// With speculative decoding.
    public LoadOptions withDrafting(Drafting other) {
        return new LoadOptions(threads, contextLength, kernels, precision, keyValueType, other, batchInvariant,
                kvMemoryBytes, adapter, rope, promptCacheBytes, pages, prefill, policy, ranks, projector);
    }

    /// A token's logits have the same bits alone, in a batch, and in a prompt of any chunks.
    public LoadOptions withBatchInvariance() {
        return new LoadOptions(threads, contextLength, kernels, precision, keyValueType, drafting, true, kvMemoryBytes,
                adapter, rope, promptCacheBytes, pages, prefill, policy, ranks, projector);
    }

    /// The model with an adapter, which `close` frees with the model.
    ///
    /// @param folder with `adapter_config.json` and `adapter_model.safetensors`
    public LoadOptions withAdapter(Path folder) {
        return new LoadOptions(threads, contextLength, kernels, precision, keyValueType, drafting, batchInvariant,
                kvMemoryBytes, Optional.of(folder), rope, promptCacheBytes, pages, prefill, policy, ranks, projector);
    }

    /// With the adapter whose folder stands for the model, if it is one.
    ///
    /// @throws IllegalArgumentException if there is an adapter already
    public LoadOptions with(AdaptedModel files) {
        if (files.adapter().isPresent() && adapter.isPresent()) {
            throw new IllegalArgumentException("the model " + files.adapter().get() + " is an adapter itself, so it "
                    + "cannot have the adapter " + adapter.get() + "; merge the first one into its base, or name that "
                    + "base: " + files.base());
        }
        return files.adapter().isPresent() ? withAdapter(files.adapter().get()) : this;
    }

    /// With this encoder of pictures of a GGUF model.
    public LoadOptions withProjector(Optional<Path> file) {
        return new LoadOptions(threads, contextLength, kernels, precision, keyValueType, drafting, batchInvariant,
                kvMemoryBytes, adapter, rope, promptCacheBytes, pages, prefill, policy, ranks, file);
    }

    public LoadOptions withoutAdapter() {
        return new LoadOptions(threads, contextLength, kernels, precision, keyValueType, drafting, batchInvariant,
                kvMemoryBytes, Optional.empty(), rope, promptCacheBytes, pages, prefill, policy, ranks, projector);
    }

    /// With another scaling of rotary positions, or with the model's own.
    public LoadOptions withRope(Optional<RopeChange> change) {
        return new LoadOptions(threads, contextLength, kernels, precision, keyValueType, drafting, batchInvariant,
                kvMemoryBytes, adapter, change, promptCacheBytes, pages, prefill, policy, ranks, projector);
    }

    /// With attention of new tokens to chosen pages of the KV cache, without speculative decoding: passes of several
    /// tokens attend to all.
    public LoadOptions withPages(PageChoice choice) {
        return new LoadOptions(threads, contextLength, kernels, precision, keyValueType, Drafting.none(),
                batchInvariant, kvMemoryBytes, adapter, rope, promptCacheBytes, Optional.of(choice), prefill,
                policy, ranks, projector);
    }

    /// With attention of long prompts to chosen pages.
    ///
    /// @param share of each query's attention that the pages should hold
    public LoadOptions withPrefill(double share) {
        return new LoadOptions(threads, contextLength, kernels, precision, keyValueType, drafting, batchInvariant,
                kvMemoryBytes, adapter, rope, promptCacheBytes, pages, OptionalDouble.of(share), policy, ranks,
                projector);
    }

    /// With a part of each sequence's KV cache, without speculative decoding.
    public LoadOptions withPolicy(CachePolicy other) {
        return new LoadOptions(threads, contextLength, kernels, precision, keyValueType, Drafting.none(),
                batchInvariant, kvMemoryBytes, adapter, rope, promptCacheBytes, pages, prefill,
                Optional.of(other), ranks, projector);
    }

    /// With the threads of one of several ranks, each of which has the whole model.
    ///
    /// @param sharers the ranks that share this machine's threads
    public LoadOptions sharedBy(int sharers) {
        return new LoadOptions(Math.max(1, numThreads() / sharers), contextLength, kernels, precision, keyValueType,
                drafting, batchInvariant, kvMemoryBytes, adapter, rope, promptCacheBytes, pages, prefill, policy, ranks,
                projector);
    }

    /// With a part of the model on each of some ranks, all of which compute the same passes: without what depends on
    /// times, such as speculative decoding, and without caches of packed weights and prompts.
    ///
    /// @param sharers the ranks that share this machine's threads
    public LoadOptions among(Ranks members, int sharers) {
        return new LoadOptions(Math.max(1, numThreads() / sharers), contextLength, kernels, precision, keyValueType,
                Drafting.none(), batchInvariant, kvMemoryBytes, adapter, rope, 0, pages, prefill, policy,
                Optional.of(members), projector);
    }

    /// A view of a model with the scaling of rotary positions of these options and for its rank, or the model itself.
    Model viewed(Model model) {
        Model rotated = rope.map(model::with).orElse(model);
        return ranks.map(r -> rotated.divided(r.division, r.members)).orElse(rotated);
    }

    /// Where packed weights are kept: nowhere for parts of a model.
    Optional<PackedFolder> packedFolder() {
        return ranks.isPresent() ? Optional.empty() : PackedFolder.ofThisUser();
    }

    /// The context of a model with these options.
    ///
    /// @throws IllegalArgumentException if the model does not support it or the cache policy
    int contextOf(Model model) {
        int most = model.spec().contextLength();
        if (contextLength > most) {
            throw new IllegalArgumentException("a context of " + contextLength
                    + " tokens was requested; the model supports at most " + most
                    + (rope.isPresent() ? "" : "; with rotary positions, --rope-scaling yarn --rope-scale 4 is for "
                    + "contexts four times as long"));
        }
        int context = contextLength == 0 ? most : contextLength;
        policy.ifPresent(p -> p.require(model.spec(), context, keyValueTypeFor(context)));
        return context;
    }

    /// The type of the KV cache for a context: the given one, otherwise F32, and BF16 where the context is long.
    public KeyValueType keyValueTypeFor(int context) {
        return keyValueType.orElse(context > LONGEST_IN_F32 ? KeyValueType.BF16 : KeyValueType.F32);
    }

    /// The options of the model that drafts for one with these options.
    LoadOptions ofDraftModel() {
        return withoutAdapter().withProjector(Optional.empty()).withContextLength(0).withDrafting(Drafting.none())
                .withRope(Optional.empty()).withPromptCache(0);
    }

    /// With KV caches of prompts that are kept on disk.
    ///
    /// @param bytes the most that they may take; 0 to keep none
    public LoadOptions withPromptCache(long bytes) {
        return new LoadOptions(threads, contextLength, kernels, precision, keyValueType, drafting, batchInvariant,
                kvMemoryBytes, adapter, rope, bytes, pages, prefill, policy, ranks, projector);
    }

    /// Lets an engine read prompts with chosen pages if these options say so, and keep KV caches of prompts on disk if
    /// they say so and the model has files.
    ///
    /// @param context the most tokens of a sequence
    /// @param choices folders of adapters by their names
    void applyTo(Engine engine, int context, Map<String, Path> choices) {
        prefill.ifPresent(share -> engine.ops().sparsePrompts(new SparsePrompts(engine.ops().kernels(), share)));
        List<Path> files = engine.model().checkpoint().sources().stream().map(source -> source.path().toAbsolutePath())
                .toList();
        if (promptCacheBytes == 0 || files.isEmpty()) {
            return;
        }
        String about = PackedFolder.describe(files) + precision + " " + engine.ops().kernels().name() + " "
                + batchInvariant + " " + engine.keyValueType() + " " + context + " " + rope + " " + pages + prefill
                + " " + adapter.map(LoadOptions::describe) + " " + new TreeMap<>(choices).entrySet().stream()
                        .map(choice -> choice.getKey() + describe(choice.getValue())).toList();
        engine.prefixCache().keepIn(new PromptStore(PromptFolder.ofThisUser(), files, about, promptCacheBytes));
    }

    private static String describe(Path adapter) {
        try (Stream<Path> files = Files.isDirectory(adapter) ? Files.list(adapter) : Stream.of(adapter)) {
            return PackedFolder.describe(files.sorted().toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The memory of the sequences of a model.
    BlockPool newPool(Model model) {
        return kvMemoryBytes == 0 ? new BlockPool(MachineMemory.forStates(model.checkpoint().sizeBytes()))
                : new BlockPool(kvMemoryBytes, HubSettings.gliaCacheFolder().resolve("kv"));
    }

    /// The number of compute threads.
    public int numThreads() {
        return threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    }
}
