package glia.io.hub;

import glia.io.hub.HubException.Kind;
import java.util.regex.Pattern;

/// The name of a model on the hub: `owner/name`, with an optional `@revision` (a branch, tag or commit) and an optional
/// `:file` (a file of the repository, or the quantization tag of one, such as `Q4_K_M`), in either order.
///
/// @param file an empty string if none was named
/// @param revision `main` if none was named
public record HubName(String owner, String name, String revision, String file) {
    /// The default branch.
    public static final String MAIN = "main";

    /// The hub's rule for an owner or a name: letters, digits, `-`, `_`, `.`; no `--` or `..`, and no `-` or `.` at
    /// either end. The cache's folder names use `--` as a separator.
    private static final Pattern PART = Pattern.compile("(?!.*(--|\\.\\.))\\w(?:[\\w.-]{0,94}[\\w])?");
    private static final int MAX_LENGTH = 96;
    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
    private static final String EXPECTED =
        "Expected owner/name, with optional @revision and :file, for example HuggingFaceTB/SmolLM2-135M-Instruct.";

    /// @throws IllegalArgumentException if a part breaks the hub's rule or is not a relative path
    public HubName {
        if (!areRepository(owner, name) || !FileNames.isSafe(revision) || revision.indexOf(':') >= 0
            || !file.isEmpty() && !FileNames.isSafe(file)) {
            throw new IllegalArgumentException(owner + "/" + name + "@" + revision + ":" + file);
        }
    }

    private static boolean areRepository(String owner, String name) {
        return PART.matcher(owner).matches() && PART.matcher(name).matches() && !name.endsWith(".git")
            && owner.length() + 1 + name.length() <= MAX_LENGTH;
    }

    /// Reads a name as a user types it.
    ///
    /// @throws HubException (NAME), or (REFUSED) for a file or revision that is not a relative path
    public static HubName parse(String text) throws HubException {
        int end = indexOfEither(text, '@', ':');
        String repository = text.substring(0, end);
        String rest = text.substring(end);
        String revision = MAIN;
        String file = "";
        if (rest.startsWith("@")) {
            int colon = rest.indexOf(':');
            revision = rest.substring(1, colon < 0 ? rest.length() : colon);
            file = colon < 0 ? "" : requirePart(text, rest.substring(colon + 1));
        } else if (rest.startsWith(":")) {
            int at = rest.lastIndexOf('@');
            file = requirePart(text, rest.substring(1, at < 0 ? rest.length() : at));
            revision = at < 0 ? MAIN : rest.substring(at + 1);
        }
        int slash = repository.indexOf('/');
        String owner = repository.substring(0, Math.max(slash, 0));
        String name = repository.substring(slash + 1);
        if (!areRepository(owner, name) || revision.indexOf(':') >= 0) {
            throw badName(text);
        }
        FileNames.check(requirePart(text, revision), "The revision of this model");
        if (!file.isEmpty()) {
            FileNames.check(file, "This model's name");
        }
        return new HubName(owner, name, revision, file);
    }

    private static int indexOfEither(String text, char first, char second) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) == first || text.charAt(i) == second) {
                return i;
            }
        }
        return text.length();
    }

    private static String requirePart(String text, String part) throws HubException {
        if (part.isEmpty()) {
            throw badName(text);
        }
        return part;
    }

    private static HubException badName(String text) {
        return new HubException(Kind.NAME,
            "\"" + FileNames.printable(text) + "\" is not the name of a model on the hub. " + EXPECTED);
    }

    /// `owner/name`.
    public String repository() {
        return owner + "/" + name;
    }

    /// Whether the revision is a full commit hash, which is immutable.
    boolean isCommit() {
        return isCommit(revision);
    }

    static boolean isCommit(String revision) {
        return COMMIT.matcher(revision).matches();
    }

    /// The name in the form of [#parse].
    @Override
    public String toString() {
        return repository() + (revision.equals(MAIN) && !file.contains("@") ? "" : "@" + revision)
            + (file.isEmpty() ? "" : ":" + file);
    }
}
