package glia.io.hub;

import glia.io.hub.HubException.Kind;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Addresses of models on the hub, as copied from a browser or from another tool:
///
/// ```
/// https://huggingface.co/owner/name
/// https://huggingface.co/owner/name/tree/REVISION
/// https://huggingface.co/owner/name/blob/REVISION/file.gguf
/// https://huggingface.co/owner/name/resolve/REVISION/file.gguf?download=true
/// hf.co/owner/name:Q4_K_M
/// ```
///
/// The host of `HF_ENDPOINT` is accepted too; the files always come from that endpoint.
final class HubAddress {
    private static final Set<String> HOSTS = Set.of("huggingface.co", "www.huggingface.co", "hf.co");
    private static final Set<String> OTHER_KINDS = Set.of("datasets", "spaces", "collections", "papers", "docs");
    private static final Set<String> FILE_PAGES = Set.of("blob", "resolve", "raw", "tree", "blame", "commits");
    private static final Pattern ADDRESS = Pattern.compile("(?i)(?:(https?|hf)://)?([^/?#]*)(/[^?#]*)?(?:[?#].*)?",
        Pattern.DOTALL);
    private static final String EXPECTED = " Expected the page of a model, as in "
        + "https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct.";

    private HubAddress() { }

    /// Reads an address.
    ///
    /// @param endpoint the hub's root; its host and path count as the hub's
    /// @return the name, or nothing if the text is not an address of the hub
    /// @throws HubException (NAME) if it is an address of the hub but not of a model, or of another host; (REFUSED)
    static Optional<HubName> parse(String text, URI endpoint) throws HubException {
        Matcher address = ADDRESS.matcher(text.strip());
        if (!address.matches()) {
            return Optional.empty();
        }
        String scheme = address.group(1) == null ? "" : address.group(1).toLowerCase(Locale.ROOT);
        String host = address.group(2).toLowerCase(Locale.ROOT);
        String path = address.group(3) == null ? "" : address.group(3);
        if (scheme.equals("hf")) {
            return Optional.of(ofPath(text, "/" + address.group(2) + path));
        }
        boolean isEndpoint = host.equals(authority(endpoint)) && path.startsWith(endpoint.getPath() + "/");
        if (isEndpoint) {
            return Optional.of(ofPath(text, path.substring(endpoint.getPath().length())));
        }
        if (HOSTS.contains(host)) {
            return Optional.of(ofPath(text, path));
        }
        if (scheme.isEmpty()) {
            return Optional.empty();
        }
        throw new HubException(Kind.NAME, "\"" + FileNames.printable(text) + "\" is not an address of the hub ("
            + endpoint + "). Download the file and give its path, or set HF_ENDPOINT where the host is a mirror of the "
            + "hub.");
    }

    private static String authority(URI endpoint) {
        return endpoint.getAuthority().toLowerCase(Locale.ROOT);
    }

    private static HubName ofPath(String text, String path) throws HubException {
        List<String> parts = Arrays.stream(path.split("/")).filter(part -> !part.isEmpty()).toList();
        if (parts.size() < 2 || OTHER_KINDS.contains(parts.getFirst())) {
            throw new HubException(Kind.NAME, "\"" + FileNames.printable(text) + "\" is not a model on the hub."
                + EXPECTED);
        }
        if (parts.size() == 2) {
            return HubName.parse(parts.get(0) + "/" + decode(text, parts.get(1)).replaceFirst("\\.git$", ""));
        }
        if (!FILE_PAGES.contains(parts.get(2))) {
            throw new HubException(Kind.NAME, "\"" + FileNames.printable(text) + "\" is not the page of a model or of "
                + "one of its files." + EXPECTED);
        }
        String repository = parts.get(0) + "/" + parts.get(1);
        if (parts.size() == 3) {
            return HubName.parse(repository);
        }
        boolean isFile = parts.size() > 4 && !parts.get(2).equals("tree") && !parts.get(2).equals("commits");
        String file = isFile ? ":" + decode(text, String.join("/", parts.subList(4, parts.size()))) : "";
        return HubName.parse(repository + "@" + decode(text, parts.get(3)) + file);
    }

    private static String decode(String text, String part) throws HubException {
        try {
            return URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new HubException(Kind.NAME, "\"" + FileNames.printable(text) + "\" is not a valid address: "
                + e.getMessage() + "." + EXPECTED, e);
        }
    }
}
