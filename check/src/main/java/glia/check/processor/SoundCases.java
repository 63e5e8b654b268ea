package glia.check.processor;

import glia.check.reference.CaseFile;
import glia.check.reference.CaseGroup;
import glia.check.reference.CaseResult;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.json.JsonValues;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.io.sound.Resampler;
import glia.io.sound.SoundProcessor;
import glia.io.sound.SoundReader;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;

/// The processor of a family of sounds: features, masks and numbers of embeddings, from the samples in the folder
/// `audio_media` beside it; and that folder itself: decoding and resampling of the files in `media`.
final class SoundCases implements CaseGroup {
    private static final String SOUNDS = "audio_media";
    private static final String SAMPLES = "samples.safetensors";
    private static final String RESAMPLED = ".16k_sinc_hann";
    private static final String MONO = ".mono";
    private static final String CONFIG = "preprocessor_config.json";
    private static final int RATE = 16_000;
    private static final double RESAMPLING = 2e-6;

    private SoundCases() { }

    /// The group of a folder; empty if it is none of sounds.
    static Optional<CaseGroup> find(Path folder) throws CheckpointException {
        if (folder.endsWith(SOUNDS) && Files.exists(folder.resolve(SAMPLES))) {
            return Optional.of((all, goldens, kernels, results) -> decode(all, results));
        }
        return Files.exists(folder.resolve(CaseFile.JSON)) && Files.exists(folder.resolve(CONFIG))
                && Config.read(folder.resolve(CONFIG)).has("feature_extractor_type")
                ? Optional.of(new SoundCases()) : Optional.empty();
    }

    /// Files to samples, and those to 16 kHz.
    private static void decode(Path folder, Consumer<CaseResult> results) throws IOException {
        try (SafetensorsCheckpoint stored = SafetensorsCheckpoint.open(folder.resolve(SAMPLES))) {
            for (String name : stored.names().stream().filter(n -> n.endsWith(MONO)).toList()) {
                String id = name.substring(0, name.length() - MONO.length());
                float[] mono = stored.tensor(name).toArray();
                Path media = folder.resolveSibling("media");
                Optional<Path> file = List.of(".wav", ".flac", "").stream().map(end -> media.resolve(id + end))
                        .filter(Files::exists).findFirst();
                if (file.isEmpty()) {
                    results.accept(CaseResult.failed(id, "there is no such file in " + media));
                    continue;
                }
                try (SoundReader reader = SoundReader.open(file.get())) {
                    Resampler resampler = new Resampler(reader.rate(), RATE);
                    results.accept(CaseResult.of(id, "samples", largest(mono, all(reader)), 0));
                    float[] resampled = joined(List.of(resampler.add(mono), resampler.end()));
                    results.accept(CaseResult.of(id, "samples at 16 kHz",
                            largest(stored.tensor(id + RESAMPLED).toArray(), resampled), RESAMPLING));
                }
            }
        }
    }

    private static float[] all(SoundReader reader) throws IOException {
        List<float[]> parts = new ArrayList<>();
        for (float[] part = reader.next(); part != null; part = reader.next()) {
            parts.add(part);
        }
        return joined(parts);
    }

    private static float[] joined(List<float[]> parts) {
        float[] all = new float[parts.stream().mapToInt(p -> p.length).sum()];
        int at = 0;
        for (float[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    private static double largest(float[] expected, float[] found) {
        double largest = expected.length == found.length ? 0 : Double.POSITIVE_INFINITY;
        for (int i = 0; i < Math.min(expected.length, found.length); i++) {
            largest = Math.max(largest, Math.abs((double) expected[i] - found[i]));
        }
        return largest;
    }

    @Override
    public void run(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results) throws IOException {
        try (CaseFile file = CaseFile.open(folder); SafetensorsCheckpoint samples = SafetensorsCheckpoint.open(
                folder.resolveSibling(SOUNDS).resolve(SAMPLES))) {
            for (JsonNode node : file.root().path("cases")) {
                results.accept(run(folder, file, node, samples, kernels));
            }
        }
    }

    private static CaseResult run(Path folder, CaseFile file, JsonNode node, SafetensorsCheckpoint samples,
            Kernels kernels) throws IOException {
        String id = node.path("id").asString();
        try {
            Config config = Config.read(folder.resolve(CONFIG));
            for (Map.Entry<String, JsonNode> option : node.path("options").properties()) {
                Object value = JsonValues.parse(option.getValue().toString().getBytes());
                config = config.with(option.getKey(), Boolean.TRUE.equals(value) && option.getKey().equals("padding")
                        ? "longest" : value);
            }
            SoundProcessor processor = SoundProcessor.read(config, kernels.workers());
            JsonNode names = node.path("file");
            List<float[]> sounds = new ArrayList<>();
            for (JsonNode name : names.isArray() ? names : List.of(names)) {
                sounds.add(samples.tensor(name.asString().replaceAll("\\.[a-z0-9]+$", "") + RESAMPLED).toArray());
            }
            int longest = sounds.stream().mapToInt(s -> s.length).max().orElseThrow();
            List<SoundProcessor.Features> made = new ArrayList<>();
            for (float[] sound : sounds) {
                made.add(processor.prepare(sound, longest));
            }
            return compared(file, node, id, made);
        } catch (IllegalArgumentException | CheckpointException e) {
            return CaseResult.failed(id, String.valueOf(e.getMessage()));
        }
    }

    private static CaseResult compared(CaseFile file, JsonNode node, String id, List<SoundProcessor.Features> made) {
        double limit = node.path("tolerance").path("max_abs").asDouble();
        CaseResult worst = CaseResult.of(id, "", 0, limit);
        for (Map.Entry<String, JsonNode> tensor : node.path("tensors").properties()) {
            JsonNode stored = tensor.getValue();
            int[] shape = stored.path("shape").valueStream().mapToInt(JsonNode::asInt).toArray();
            float[] found = values(tensor.getKey(), shape, made);
            double[] expected = file.tensor(id + "." + tensor.getKey()).values();
            double largest = 0;
            for (int i = 0; i < expected.length; i++) {
                largest = Math.max(largest, Math.abs(expected[i] - found[i * stored.path("stride").asInt()]));
            }
            double mean = 0;
            for (float value : found) {
                mean += value / found.length;
            }
            largest = Math.max(largest, Math.abs(mean - stored.path("mean").asDouble()));
            worst = largest >= worst.difference() ? CaseResult.of(id, tensor.getKey(), largest, limit) : worst;
        }
        JsonNode tokens = node.path(node.has("audio_tokens") ? "audio_tokens" : "encoder_positions");
        for (int i = 0; i < made.size() && !tokens.isMissingNode(); i++) {
            int expected = (tokens.isArray() ? tokens.path(i) : tokens).asInt();
            if (expected != made.get(i).numTokens()) {
                return CaseResult.failed(id, "number of placeholders: found " + made.get(i).numTokens() + ", expected "
                        + expected);
            }
        }
        return worst;
    }

    /// The values of a tensor of the reference, one sound after the other: features, by frames or by bands, or a mask.
    private static float[] values(String name, int[] shape, List<SoundProcessor.Features> made) {
        int size = 1;
        for (int dim : shape) {
            size *= dim;
        }
        float[] all = new float[size];
        int each = size / made.size();
        boolean isMask = name.endsWith("mask");
        for (int s = 0; s < made.size(); s++) {
            Tensor frames = made.get(s).frames();
            int width = frames.cols();
            int count = isMask ? each : each / width;
            boolean isByBands = !isMask && shape[1] == width;
            if (!isMask && count > frames.rows()) {
                throw new IllegalArgumentException(name + ": found " + frames.rows() + " frames, expected " + count);
            }
            for (int i = 0; i < each; i++) {
                int frame = isMask ? i : isByBands ? i % count : i / width;
                int band = isByBands ? i / count : i % width;
                all[s * each + i] = isMask ? (frame < made.get(s).numValid() ? 1 : 0)
                        : frames.get((long) frame * width + band);
            }
        }
        return all;
    }
}
