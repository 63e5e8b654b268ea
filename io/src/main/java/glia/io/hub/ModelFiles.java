package glia.io.hub;

import glia.io.hub.HubException.Kind;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Selects the files of a repository that make up the model: one rule for a hub's listing, a cached snapshot, a folder
/// and an archive. Takes time linear in the number of files.
///
/// @param files the files needed: small files first and weights last, so that present weights mean a complete model
/// @param main the file that is the model, or an empty string where the folder is the model
record ModelFiles(List<String> files, String main) {
    /// Files at the top level besides the weights, and the configs of sentence-transformers modules (`1_Pooling`).
    private static final Pattern SMALL_FILE = Pattern.compile(
        "config\\.json|generation_config\\.json|adapter_config\\.json|tokenizer\\.(json|model)|tokenizer_config\\.json"
        + "|special_tokens_map\\.json|added_tokens\\.json|vocab\\.(json|txt)|merges\\.txt|spiece\\.model|tekken\\.json"
        + "|chat_template[^/]*|(model\\.safetensors|pytorch_model\\.bin|consolidated\\.safetensors)\\.index\\.json"
        + "|(video_)?preprocessor_config\\.json|processor_config\\.json|params\\.json|tokenizer\\.model\\.v\\d\\w*"
        + "|modules\\.json|config_sentence_transformers\\.json"
        + "|sentence_[\\w-]+_config\\.json|\\d+_[A-Za-z]+/config\\.json");
    private static final Pattern SHARD = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})(\\.safetensors|\\.gguf|\\.bin)");
    private static final Pattern OTHER_WEIGHTS = Pattern.compile("(?i).*\\.(ckpt|pkl|onnx|h5|msgpack)");
    private static final Pattern WEIGHTS = Pattern.compile("(?i).*\\.(gguf|safetensors|bin|pt|pth)");
    /// GGUF files that are not language models: image encoders, and importance matrices for quantizers.
    private static final Pattern GGUF_EXTRA = Pattern.compile("(?i)(.*/)?[^/]*mmproj[^/]*|.*imatrix.*");
    private static final Pattern PROJECTOR = Pattern.compile("(?i)[^/]*mmproj[^/]*\\.gguf");
    private static final List<String> DEFAULT_QUANTIZATIONS = List.of("Q4_K_M", "Q8_0");
    private static final String CONSOLIDATED = "consolidated";
    private static final int MAX_LISTED = 5;

    /// @param names relative names with forward slashes
    /// @param wanted a file name or a quantization tag, or an empty string for the default
    /// @param where whose files these are, for messages
    /// @throws HubException (NOT_FOUND) if no file fits, or more than one does; the message lists the candidates
    static ModelFiles of(Collection<String> names, String wanted, String where) throws HubException {
        Set<String> all = new LinkedHashSet<>(names);
        if (!wanted.isEmpty()) {
            return named(all, wanted, where);
        }
        boolean isDescribed = all.contains("config.json") || all.contains("adapter_config.json");
        List<String> weights = !isDescribed && all.contains("params.json") ? consolidated(all) : safetensors(all);
        if (!weights.isEmpty() && (isDescribed || isConsolidated(weights))) {
            return new ModelFiles(withSmallFiles(all, allShards(all, weights, where)), "");
        }
        List<String> models = ggufModels(all);
        if (models.size() == 1) {
            return gguf(all, models.getFirst(), where);
        }
        for (String quantization : DEFAULT_QUANTIZATIONS) {
            List<String> fitting = withTag(models, quantization);
            if (fitting.size() == 1) {
                return gguf(all, fitting.getFirst(), where);
            }
        }
        List<String> pickles = isDescribed ? pickles(all) : List.of();
        if (!pickles.isEmpty()) {
            return new ModelFiles(withSmallFiles(all, allShards(all, pickles, where)), "");
        }
        throw models.isEmpty() ? noModel(all, weights, where) : new HubException(Kind.NOT_FOUND, where + " holds "
            + models.size() + " GGUF files, of which none is the default. Add a quantization or a file name, as in "
            + "NAME:Q4_K_M or NAME:FILE. Candidates: " + list(models));
    }

    /// Whether a tokenizer is among the files; a GGUF file contains its vocabulary.
    boolean hasTokenizer() {
        return main.endsWith(".gguf")
            || files.stream().anyMatch(name -> name.matches("(tokenizer|vocab|spiece|tekken)\\.(json|model|txt)"));
    }

    /// The GGUF files that are language models; of a split model the first part.
    static List<String> ggufModels(Collection<String> names) {
        return names.stream().filter(name -> lower(name).endsWith(".gguf") && !GGUF_EXTRA.matcher(name).matches()
            && name.equals(firstShard(name))).sorted().toList();
    }

    private static ModelFiles named(Set<String> names, String wanted, String where) throws HubException {
        if (OTHER_WEIGHTS.matcher(wanted).matches()) {
            throw new HubException(Kind.REFUSED, FileNames.printable(wanted) + " is not in a format that Glia reads: "
                + "Glia reads safetensors, GGUF and the tensors of pytorch_model.bin.");
        }
        if (lower(wanted).matches(".*\\.(safetensors|bin|pt|pth)") && names.contains(wanted)) {
            return SHARD.matcher(wanted).matches()
                ? new ModelFiles(withSmallFiles(names, allShards(names, List.of(wanted), where)), "")
                : new ModelFiles(withSmallFiles(names, List.of(wanted)), wanted);
        }
        if (lower(wanted).endsWith(".gguf") && names.contains(wanted)) {
            return gguf(names, firstShard(wanted), where);
        }
        List<String> fitting = withTag(ggufModels(names), wanted);
        if (fitting.size() == 1) {
            return gguf(names, fitting.getFirst(), where);
        }
        List<String> models = names.stream().filter(name -> WEIGHTS.matcher(name).matches()).toList();
        String shown = FileNames.printable(wanted);
        throw new HubException(Kind.NOT_FOUND, names.contains(wanted)
            ? shown + " of " + where + " is not a file with weights; leave it out to use the whole model."
            : where + " has " + (fitting.isEmpty() ? "no" : "more than one") + " file that matches \"" + shown + "\". "
            + (models.isEmpty() ? "It has no GGUF or safetensors files at all." : "Candidates: "
            + list(fitting.isEmpty() ? models : fitting)));
    }

    /// `model.safetensors`, else the shards `model-…`, else all safetensors files at the top level: repositories also
    /// hold the same weights in other forms (`consolidated`, `fp16`).
    private static List<String> safetensors(Set<String> names) {
        if (names.contains("model.safetensors")) {
            return List.of("model.safetensors");
        }
        List<String> top = names.stream()
            .filter(name -> name.endsWith(".safetensors") && name.indexOf('/') < 0).sorted().toList();
        List<String> shards = top.stream()
            .filter(name -> name.startsWith("model-") && SHARD.matcher(name).matches()).toList();
        return shards.isEmpty() ? top : shards;
    }

    /// Mistral's own form, which `params.json` describes; without it all safetensors files.
    private static List<String> consolidated(Set<String> names) {
        List<String> all = safetensors(names);
        List<String> own = all.stream().filter(name -> name.startsWith(CONSOLIDATED)).toList();
        return own.isEmpty() ? all : own;
    }

    /// Whether weights are those of Mistral's own form.
    private static boolean isConsolidated(List<String> weights) {
        return weights.stream().allMatch(name -> name.startsWith(CONSOLIDATED));
    }

    /// PyTorch's files of a model or an adapter; repositories also hold those of a training run.
    private static List<String> pickles(Set<String> names) {
        for (String one : List.of("pytorch_model.bin", "adapter_model.bin")) {
            if (names.contains(one)) {
                return List.of(one);
            }
        }
        return names.stream().filter(name -> name.startsWith("pytorch_model-") && name.endsWith(".bin")
            && SHARD.matcher(name).matches()).sorted().toList();
    }

    private static List<String> withSmallFiles(Set<String> names, List<String> weights) {
        Stream<String> small = names.stream().filter(name -> SMALL_FILE.matcher(name).matches()
            && (!name.endsWith(".index.json") || isIndexOf(name, weights)));
        return Stream.concat(small.sorted(), weights.stream()).toList();
    }

    private static boolean isIndexOf(String index, List<String> weights) {
        String first = weights.getFirst();
        boolean sameType = index.endsWith(first.substring(first.lastIndexOf('.')) + ".index.json");
        return sameType && index.startsWith(CONSOLIDATED) == isConsolidated(weights)
            && !first.equals("model.safetensors") && !first.equals("pytorch_model.bin");
    }

    private static ModelFiles gguf(Set<String> names, String first, String where) throws HubException {
        List<String> files = new ArrayList<>(allShards(names, List.of(first), where));
        projector(names, first).ifPresent(files::add);
        return new ModelFiles(files, first);
    }

    /// The encoder of pictures in the folder of a GGUF file: of several types F16.
    private static Optional<String> projector(Set<String> names, String model) {
        String folder = model.substring(0, model.lastIndexOf('/') + 1);
        List<String> found = names.stream().filter(name -> name.startsWith(folder)
            && PROJECTOR.matcher(name.substring(folder.length())).matches()).sorted().toList();
        return withTag(found, "f16").stream().findFirst().or(() -> found.stream().findFirst());
    }

    /// All shards of the split files of which some shard is given; other files as they are.
    ///
    /// @throws HubException (NOT_FOUND) if a shard is missing
    private static List<String> allShards(Set<String> names, List<String> weights, String where) throws HubException {
        List<String> shards = new ArrayList<>();
        Set<String> firstShards = new HashSet<>();
        for (String name : weights) {
            Matcher shard = SHARD.matcher(name);
            int numShards = shard.matches() ? Integer.parseInt(shard.group(3)) : 0;
            if (numShards == 0) {
                shards.add(name);
            } else if (firstShards.add(firstShard(name))) {
                for (int i = 1; i <= numShards; i++) {
                    String each = String.format(Locale.ROOT, "%s-%05d-of-%05d%s", shard.group(1), i, numShards,
                        shard.group(4));
                    if (!names.contains(each)) {
                        throw new HubException(Kind.NOT_FOUND, where + " lacks " + FileNames.printable(each)
                            + ", a shard of the model. The download may be incomplete.");
                    }
                    shards.add(each);
                }
            }
        }
        return shards;
    }

    /// The name of the first shard for any shard of a split file, else the name itself.
    private static String firstShard(String name) {
        Matcher shard = SHARD.matcher(name);
        return shard.matches() ? shard.group(1) + "-00001-of-" + shard.group(3) + shard.group(4) : name;
    }

    /// The files whose name or folder holds the tag as a word: `Q4_K` is not in `model-Q4_K_M.gguf`.
    private static List<String> withTag(List<String> names, String tag) {
        Pattern word = Pattern.compile("(?i)(?:^|[-._/])" + Pattern.quote(tag) + "(?:[-./]|$)");
        return names.stream().filter(name -> word.matcher(name).find()).toList();
    }

    private static HubException noModel(Set<String> names, List<String> weights, String where) {
        if (!weights.isEmpty()) {
            return new HubException(Kind.NOT_FOUND, where + " holds no config.json beside " + list(weights)
                + " The file describes the architecture: get it from where the weights come from.");
        }
        if (names.contains("model/config.json") || names.contains("model/adapter_config.json")) {
            return new HubException(Kind.NOT_FOUND, where + " is the folder of a training run; its model is in the "
                + "folder model in it.");
        }
        List<String> pickles = names.stream().filter(name -> OTHER_WEIGHTS.matcher(name).matches()).toList();
        return new HubException(Kind.NOT_FOUND, where + " holds no model: no config.json with *.safetensors, and no "
            + "*.gguf. " + (pickles.isEmpty() ? "" : "Other formats must be converted first. ")
            + "It holds: " + list(pickles.isEmpty() ? names : pickles));
    }

    /// The first names of a list, for a message.
    static String list(Collection<String> names) {
        String shown = String.join(", ", names.stream().limit(MAX_LISTED).map(FileNames::printable).toList());
        return names.isEmpty() ? "nothing." : shown
            + (names.size() > MAX_LISTED ? " and " + (names.size() - MAX_LISTED) + " more" : "") + ".";
    }

    private static String lower(String name) {
        return name.toLowerCase(Locale.ROOT);
    }
}
