package glia.io.hub;

import glia.io.hub.HubException.Kind;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Which of a repository's files make up the model: the same rule for a hub's listing, a cached snapshot, a folder and
/// an archive.
///
/// @param files what is needed, small files first and weights last, so that weights which are there mean a whole model
/// @param main the file that is the model, or the empty text where it is the folder
record FileChoice(List<String> files, String main) {
    /// Besides weights: those at the top, and the configs of sentence-transformers' modules, such as `1_Pooling`.
    private static final Pattern SMALL_FILE = Pattern.compile(
        "config\\.json|generation_config\\.json|adapter_config\\.json|tokenizer\\.(json|model)|tokenizer_config\\.json"
        + "|special_tokens_map\\.json|added_tokens\\.json|vocab\\.(json|txt)|merges\\.txt|spiece\\.model|tekken\\.json"
        + "|chat_template[^/]*|model\\.safetensors\\.index\\.json|modules\\.json|config_sentence_transformers\\.json"
        + "|sentence_[\\w-]+_config\\.json|\\d+_[A-Za-z]+/config\\.json");
    private static final Pattern SHARD = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})(\\.safetensors|\\.gguf)");
    private static final Pattern PICKLED = Pattern.compile("(?i).*\\.(bin|pt|pth|ckpt|pkl|onnx|h5|msgpack)");
    /// GGUF files that are no language models: image encoders, and statistics for quantizers.
    private static final Pattern GGUF_EXTRA = Pattern.compile("(?i)(.*/)?mmproj.*|.*imatrix.*");
    private static final List<String> DEFAULT_QUANTIZATIONS = List.of("Q4_K_M", "Q8_0");
    private static final int MAX_LISTED = 40;

    /// @param wanted a file's name or a quantization tag, or the empty text for the default
    /// @param where whose files these are, for messages
    /// @throws HubException (NOT_FOUND) if nothing fits, or more than one file does; the message lists what there is
    static FileChoice of(List<String> names, String wanted, String where) throws HubException {
        if (!wanted.isEmpty()) {
            return named(names, wanted, where);
        }
        List<String> weights = safetensors(names);
        if (!weights.isEmpty() && (names.contains("config.json") || names.contains("adapter_config.json"))) {
            return new FileChoice(withSmallFiles(names, allParts(names, weights, where)), "");
        }
        List<String> models = ggufModels(names);
        if (models.size() == 1) {
            return gguf(names, models.getFirst(), where);
        }
        for (String quantization : DEFAULT_QUANTIZATIONS) {
            List<String> fitting = models.stream().filter(name -> hasTag(name, quantization)).toList();
            if (fitting.size() == 1) {
                return gguf(names, fitting.getFirst(), where);
            }
        }
        throw models.isEmpty() ? noModel(names, where) : new HubException(Kind.NOT_FOUND, where + " holds "
            + models.size() + " GGUF files and no usual choice among them. Add one to the name, as in NAME:Q4_K_M or "
            + "NAME:FILE. There are: " + list(models));
    }

    /// Whether text can be turned into tokens with these files: a GGUF file has its vocabulary inside.
    boolean hasTokenizer() {
        return main.endsWith(".gguf")
            || files.stream().anyMatch(name -> name.matches("(tokenizer|vocab|spiece|tekken)\\.(json|model|txt)"));
    }

    /// The GGUF files that are language models, the first part of each.
    static List<String> ggufModels(List<String> names) {
        return names.stream().filter(name -> lower(name).endsWith(".gguf") && !GGUF_EXTRA.matcher(name).matches()
            && name.equals(firstPart(name))).sorted().toList();
    }

    private static FileChoice named(List<String> names, String wanted, String where) throws HubException {
        if (PICKLED.matcher(wanted).matches()) {
            throw new HubException(Kind.REFUSED, wanted + " is not a format that Glia reads: it reads safetensors and "
                + "GGUF, which unlike pickled files cannot run code.");
        }
        if (lower(wanted).endsWith(".safetensors") && names.contains(wanted)) {
            return new FileChoice(withSmallFiles(names, List.of(wanted)), wanted);
        }
        if (lower(wanted).endsWith(".gguf") && names.contains(wanted)) {
            return gguf(names, firstPart(wanted), where);
        }
        List<String> fitting = ggufModels(names).stream().filter(name -> hasTag(name, wanted)).toList();
        if (fitting.size() == 1) {
            return gguf(names, fitting.getFirst(), where);
        }
        List<String> models = names.stream().filter(name -> lower(name).matches(".*\\.(gguf|safetensors)")).toList();
        throw new HubException(Kind.NOT_FOUND, where + " has " + (fitting.isEmpty() ? "no" : "more than one")
            + " file that is meant by \"" + FileNames.printable(wanted) + "\". "
            + (models.isEmpty() ? "It has no GGUF or safetensors files at all." : "There are: "
            + list(fitting.isEmpty() ? models : fitting)));
    }

    /// `model.safetensors`, else the parts of a split one, else whatever lies at the top: repositories also hold the
    /// same weights in other forms (`consolidated`, `fp16`), which are not wanted twice.
    private static List<String> safetensors(List<String> names) {
        List<String> top = names.stream()
            .filter(name -> name.endsWith(".safetensors") && name.indexOf('/') < 0).sorted().toList();
        if (top.contains("model.safetensors")) {
            return List.of("model.safetensors");
        }
        List<String> shards = top.stream()
            .filter(name -> name.startsWith("model-") && SHARD.matcher(name).matches()).toList();
        return shards.isEmpty() ? top : shards;
    }

    private static List<String> withSmallFiles(List<String> names, List<String> weights) {
        Stream<String> small = names.stream().filter(name -> SMALL_FILE.matcher(name).matches()
            && (!name.endsWith(".index.json") || !weights.equals(List.of("model.safetensors"))));
        return Stream.concat(small.sorted(), weights.stream()).toList();
    }

    private static FileChoice gguf(List<String> names, String first, String where) throws HubException {
        return new FileChoice(allParts(names, List.of(first), where), first);
    }

    /// The names of all parts of which any one is given, each of which must be there.
    private static List<String> allParts(List<String> names, List<String> weights, String where) throws HubException {
        Set<String> parts = new LinkedHashSet<>();
        for (String name : weights) {
            Matcher shard = SHARD.matcher(name);
            int numParts = shard.matches() ? Integer.parseInt(shard.group(3)) : 0;
            if (numParts == 0) {
                parts.add(name);
            }
            for (int part = 1; part <= numParts; part++) {
                String partName = String.format(Locale.ROOT, "%s-%05d-of-%05d%s", shard.group(1), part, numParts,
                    shard.group(4));
                if (!names.contains(partName)) {
                    throw new HubException(Kind.NOT_FOUND, where + " lacks " + partName + ", a part of the model.");
                }
                parts.add(partName);
            }
        }
        return new ArrayList<>(parts);
    }

    /// The first part's name for a part of a split file, else the name itself.
    private static String firstPart(String name) {
        Matcher shard = SHARD.matcher(name);
        return shard.matches() ? shard.group(1) + "-00001-of-" + shard.group(3) + shard.group(4) : name;
    }

    /// Whether a file's name or its folder's holds the tag as a word: `Q4_K` is not in `model-Q4_K_M.gguf`.
    private static boolean hasTag(String name, String tag) {
        return Pattern.compile("(?i)(?:^|[-._/])" + Pattern.quote(tag) + "(?:[-./]|$)").matcher(name).find();
    }

    private static HubException noModel(List<String> names, String where) {
        List<String> pickled = names.stream().filter(name -> PICKLED.matcher(name).matches()).toList();
        String advice = pickled.isEmpty() ? "" : "Glia does not read pickled files (they can run code when they are "
            + "loaded): look for a conversion to safetensors or GGUF. ";
        return new HubException(Kind.NOT_FOUND, where + " holds no config.json with *.safetensors beside it, and no "
            + "*.gguf. " + advice + "It has: " + list(pickled.isEmpty() ? names : pickled));
    }

    private static String list(List<String> names) {
        String shown = String.join(", ", names.stream().limit(MAX_LISTED).map(FileNames::printable).toList());
        return names.isEmpty() ? "nothing." : shown
            + (names.size() > MAX_LISTED ? " and " + (names.size() - MAX_LISTED) + " more" : "") + ".";
    }

    private static String lower(String name) {
        return name.toLowerCase(Locale.ROOT);
    }
}
