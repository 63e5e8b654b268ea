package glia.cli.command;

import glia.cli.terminal.Console;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.engine.inspect.ModelSummary;
import glia.engine.load.MachineMemory;
import glia.engine.state.Sequence;
import glia.model.Model;
import glia.model.cost.LayerKind;
import glia.model.cost.TokenCost;
import glia.model.spec.CacheKind;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.plan.machine.ModelSample;
import glia.plan.machine.ModelSample.Speeds;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.Workers;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What a context of a length costs: memory by kind of layer and type of the KV cache, and the expected time here.
///
/// The times scale the measured speed of 512 tokens and of one sequence by the operations of longer texts, and by the
/// bytes of weights and cache that a token reads.
final class ContextView {
    private static final double SECONDS = 2;
    /// Positions at which the operations of a prompt are summed.
    private static final int SAMPLES = 32;
    private static final List<KeyValueType> TYPES = List.of(KeyValueType.F32, KeyValueType.BF16, KeyValueType.INT8,
            KeyValueType.INT8_Q4, KeyValueType.Q4);

    private final ModelSummary facts;
    private final int length;
    private final int contextLength;
    private final double prefillSeconds;
    private final double tokensPerSecond;

    /// @param length tokens
    ContextView(Model model, ModelSummary facts, int length, int threads) {
        this.facts = facts;
        this.length = length;
        contextLength = model.spec().contextLength();
        Speeds speeds;
        try (Workers workers = new Workers(threads)) {
            speeds = ModelSample.of(model, workers, SECONDS);
        }
        ModelSpec withoutHead = model.spec().withHead(Head.ABSENT);
        double operations = 0;
        for (int i = 0; i < SAMPLES; i++) {
            operations += TokenCost.operations(withoutHead, (int) (length * (i + 0.5) / SAMPLES)) * (double) length
                    / SAMPLES;
        }
        prefillSeconds = operations / (speeds.prompt().median()
                * TokenCost.operations(withoutHead, speeds.promptTokens() / 2));
        double weights = facts.weightBytes();
        tokensPerSecond = speeds.single().median() * weights / (weights + bytes(KeyValueType.F32));
    }

    /// The bytes of the caches of all layers of a kind.
    private static long bytes(LayerKind kind, int length, KeyValueType type) {
        long bytes = 0;
        for (CacheKind cache : kind.caches()) {
            long numbers = LayerKind.StateSize.numbers(cache, length, Sequence.BLOCK_TOKENS);
            bytes += switch (cache) {
                case CacheKind.KeyValues kv -> numbers / (kv.keySize() + kv.valueSize())
                        * (type.ofKeys().rowBytes(kv.keySize()) + type.ofValues().rowBytes(kv.valueSize()));
                case CacheKind.Source s -> numbers / (s.keySize() + s.valueSize())
                        * (type.ofKeys().rowBytes(s.keySize()) + type.ofValues().rowBytes(s.valueSize()));
                case CacheKind.Rows rows -> numbers / rows.size() * type.ofKeys().rowBytes(rows.size());
                case CacheKind.Recurrence _ -> numbers * Float.BYTES;
            };
        }
        return bytes * kind.count();
    }

    private long bytes(KeyValueType type) {
        return facts.layers().stream().mapToLong(kind -> bytes(kind, length, type)).sum();
    }

    void print(Console console) {
        Table table = new Table("rlrrrrr").head("layers", "cache of " + length + " tokens", "f32", "bf16", "int8",
                "int8:q4", "q4");
        for (LayerKind kind : facts.layers()) {
            if (!kind.caches().isEmpty()) {
                row(table, kind.count() + " ×", kind.description(),
                        TYPES.stream().map(type -> bytes(kind, length, type)).toList());
            }
        }
        row(table, "", "total", TYPES.stream().map(this::bytes).toList());
        console.out().println();
        table.print(console);
        console.out().println();
        console.printText("Expected here: " + Units.wholeSeconds(prefillSeconds) + " to read " + length
                + " tokens, then " + Units.rate(tokensPerSecond) + " tokens/s.");
        long memory = MachineMemory.totalBytes();
        if (facts.weightBytes() + bytes(KeyValueType.F32) > memory) {
            console.printText("Weights and an F32 cache take more than the memory of " + Units.bytes(memory)
                    + ": use --kv-cache-type, or --kv-memory, which keeps the rest in a file.");
        }
        if (length > contextLength && !LayerTable.isUnlimited(facts.layers())) {
            console.printText("The model was trained for " + contextLength + " tokens: more need --rope-scaling.");
        }
    }

    private static void row(Table table, String count, String kind, List<Long> bytes) {
        List<Object> cells = new ArrayList<>(List.of(count, kind));
        bytes.forEach(size -> cells.add(Units.bytes(size)));
        table.row(cells.toArray());
    }

    Map<String, Object> document() {
        Map<String, Object> bytes = new LinkedHashMap<>();
        TYPES.forEach(type -> bytes.put(type.label(), bytes(type)));
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("tokens", length);
        document.put("cache_bytes", bytes);
        document.put("prefill_seconds", prefillSeconds);
        document.put("decode_tokens_per_second", tokensPerSecond);
        return document;
    }
}
