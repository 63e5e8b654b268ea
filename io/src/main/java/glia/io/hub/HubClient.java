package glia.io.hub;

import glia.io.hub.HubApi.Listing;
import glia.io.hub.HubApi.RemoteFile;
import glia.io.hub.HubException.Kind;
import glia.io.hub.ModelLocation.Origin;
import glia.io.hub.Progress.PrintableProgress;
import glia.io.hub.RetryPolicy.RetryClock;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Finds models in the hub's cache and downloads them into it.
///
/// A pull requests the commit and the list of files, downloads the missing files of the model ([ModelFiles]), and
/// records the commit last: until then the cache has the previous version. Pulls may run concurrently in one process or
/// several; each file is downloaded once.
public final class HubClient {
    private static final int MAX_FILES = 10_000;

    private final HubSettings settings;
    private final HubCache cache;
    private final RetryClock clock;
    private final HubHttp.HubTimeouts timeouts;
    private final ProxySelector proxies;
    /// Created by the first pull: a model in the cache needs no HTTP client, which is slow to start.
    private HubApi api;

    public HubClient(HubSettings settings) {
        this(settings, RetryClock.SYSTEM, HubHttp.HubTimeouts.DEFAULT, EnvironmentProxy.ofProcess());
    }

    HubClient(HubSettings settings, RetryClock clock, HubHttp.HubTimeouts timeouts, ProxySelector proxies) {
        this.settings = settings;
        this.cache = new HubCache(settings.hubCache(), settings.symlinks());
        this.clock = clock;
        this.timeouts = timeouts;
        this.proxies = proxies;
    }

    private synchronized HubApi api() {
        if (api == null) {
            api = new HubApi(settings, new HubHttp(settings, clock, timeouts, proxies));
        }
        return api;
    }

    /// Looks for a model in the cache, without a request.
    ///
    /// @return the model; empty if it is missing, incomplete or ambiguous
    /// @throws HubException (DISK) if the cache cannot be read
    public Optional<ModelLocation> find(HubName name) throws HubException {
        Optional<Path> snapshot = cache.snapshot(name);
        if (snapshot.isEmpty()) {
            return Optional.empty();
        }
        try {
            ModelFiles selected = ModelFiles.of(HubCache.files(snapshot.get()), name.file(), "The cache of " + name);
            if (!selected.hasTokenizer()) {
                return Optional.empty();  // other tools may have downloaded weights alone
            }
            return Optional.of(new ModelLocation(snapshot.get().resolve(selected.main()), Origin.HUB_CACHE,
                name + " from the hub's cache"));
        } catch (HubException e) {
            if (e.kind() == Kind.NOT_FOUND) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /// Downloads the current files of a model into the cache.
    ///
    /// @throws HubException if the hub cannot be reached or refuses (OFFLINE, UNREACHABLE, DENIED, NOT_FOUND,
    ///     RATE_LIMITED, SERVER), sends wrong data (CORRUPT, REFUSED), or the disk is full (DISK). Complete files stay,
    ///     and the next pull resumes a partial one
    public ModelLocation pull(HubName name, Progress progress) throws HubException {
        if (settings.offline()) {
            throw new HubException(Kind.OFFLINE, "HF_HUB_OFFLINE is set, and the cache " + settings.hubCache()
                + " has no complete copy of " + name + ". Unset it to download the model.");
        }
        String hub = settings.endpoint().getHost();
        Progress printable = new PrintableProgress(progress);
        printable.step("Asking " + hub + " for " + name);
        Listing listing = api().listing(name, printable);
        ModelFiles selected = ModelFiles.of(listing.files(), name.file(), name.repository() + " on " + hub);
        if (selected.files().size() > MAX_FILES) {
            throw new HubException(Kind.REFUSED, name.repository() + " consists of " + selected.files().size()
                + " files, expected at most " + MAX_FILES + ". Download it by other means and give its folder.");
        }
        List<RemoteFile> missing = missing(name, listing.commit(), selected.files(), printable);
        long missingBytes = missing.stream().mapToLong(file -> Math.max(file.sizeBytes(), 0)).sum();
        if (!missing.isEmpty()) {
            printable.step("Pulling " + missing.size() + (missing.size() == 1 ? " file, " : " files, ")
                + ProgressMeter.size(missingBytes) + ", into " + cache.folder(name));
            Disk.require(cache.folder(name), missingBytes - partBytes(name, missing));
        }
        for (RemoteFile file : missing) {
            fetch(name, file, printable);
        }
        cache.writeRef(name, listing.commit());
        return new ModelLocation(cache.snapshot(name, listing.commit()).resolve(selected.main()), Origin.HUB,
            name + " from " + hub + (missing.isEmpty() ? ", already in the cache" : ""));
    }

    private List<RemoteFile> missing(HubName name, String commit, List<String> files, Progress progress)
            throws HubException {
        List<RemoteFile> missing = new ArrayList<>();
        for (String file : files) {
            // A commit is immutable: a file of a snapshot stays valid.
            if (!Files.exists(cache.snapshot(name, commit).resolve(file))) {
                missing.add(api().describe(name, commit, file, progress));
            }
        }
        return missing;
    }

    private long partBytes(HubName name, List<RemoteFile> files) throws HubException {
        long bytes = 0;
        for (RemoteFile file : files) {
            for (Path present : List.of(cache.incomplete(name, file.etag()), cache.blob(name, file.etag()))) {
                try {
                    bytes += Files.exists(present) ? Files.size(present) : 0;
                } catch (IOException e) {
                    throw Disk.trouble(e, present, 0);
                }
            }
        }
        return bytes;
    }

    private void fetch(HubName name, RemoteFile file, Progress progress) throws HubException {
        Path blob = cache.blob(name, file.etag());
        Path pointer = cache.snapshot(name, file.commit()).resolve(file.name());
        Path incomplete = cache.incomplete(name, file.etag());
        var pulledFiles = new PulledFiles(settings.gliaCache());
        try (var _ = CacheLock.acquire(cache.lock(name, file.etag()),
                "Another program is downloading " + file.name() + "; waiting for it", progress)) {
            if (Files.exists(pointer)) {
                return;
            }
            if (Files.exists(blob)) {
                requireSize(blob, file);
                Path content = cache.link(blob, pointer, false);
                if (content.equals(pointer)) {
                    pulledFiles.add(PulledFiles.Entry.whole(content, pointer));
                }
                return;
            }
            Files.createDirectories(blob.getParent());
            pulledFiles.add(PulledFiles.Entry.part(incomplete, pointer));
            new Download(api(), clock, progress, name, file, incomplete).run();
            Files.move(incomplete, blob, StandardCopyOption.ATOMIC_MOVE);
            Path content = cache.link(blob, pointer, true);
            pulledFiles.add(PulledFiles.Entry.whole(content, pointer));
        } catch (IOException e) {
            throw Disk.trouble(e, blob, file.sizeBytes());
        }
    }

    private static void requireSize(Path blob, RemoteFile file) throws IOException {
        if (file.sizeBytes() >= 0 && Files.size(blob) != file.sizeBytes()) {
            throw new HubException(Kind.CORRUPT, blob + " has " + Files.size(blob) + " bytes where the hub has "
                + file.sizeBytes() + ". Another tool left it so, or the disk is damaged; delete it and pull again.");
        }
    }

    /// The proxies of the environment variables that command-line tools share: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`
    /// and `NO_PROXY`, in either case. Java itself ignores them. Only HTTP proxies without a login are supported;
    /// others are an error and not bypassed.
    static final class EnvironmentProxy extends ProxySelector {
        private static final List<Proxy> DIRECT = List.of(Proxy.NO_PROXY);

        private final Map<String, String> environment;

        EnvironmentProxy(Map<String, String> environment) {
            this.environment = environment;
        }

        /// The proxies of this process: those of the JVM's system properties, else those of the environment.
        static ProxySelector ofProcess() {
            boolean hasProperties = System.getProperty("https.proxyHost") != null
                || System.getProperty("http.proxyHost") != null || Boolean.getBoolean("java.net.useSystemProxies");
            return hasProperties ? ProxySelector.getDefault() : new EnvironmentProxy(System.getenv());
        }

        @Override
        public List<Proxy> select(URI uri) {
            String value = variable(uri.getScheme() + "_proxy");
            String proxy = value.isEmpty() ? variable("all_proxy") : value;
            if (proxy.isEmpty() || isExempt(uri.getHost())) {
                return DIRECT;
            }
            return List.of(new Proxy(Proxy.Type.HTTP, address(proxy)));
        }

        /// @throws IllegalArgumentException if it is not `http://host:port`, with or without the scheme
        private static InetSocketAddress address(String proxy) {
            URI address = URI.create(proxy.contains("://") ? proxy : "http://" + proxy);
            if (address.getHost() == null || !"http".equalsIgnoreCase(address.getScheme())
                || address.getUserInfo() != null) {
                throw new IllegalArgumentException("not of the form http://host:port");
            }
            return InetSocketAddress.createUnresolved(address.getHost(), address.getPort() < 0 ? 80
                    : address.getPort());
        }

        private boolean isExempt(String host) {
            for (String entry : variable("no_proxy").split(",")) {
                String domain = entry.strip().toLowerCase(Locale.ROOT).replaceFirst("^\\*?\\.", "");
                String name = host.toLowerCase(Locale.ROOT);
                if (domain.equals("*") || !domain.isEmpty() && (name.equals(domain) || name.endsWith("." + domain))) {
                    return true;
                }
            }
            return false;
        }

        private String variable(String name) {
            String lower = name.toLowerCase(Locale.ROOT);
            String value = environment.getOrDefault(lower, environment.get(lower.toUpperCase(Locale.ROOT)));
            return value == null ? "" : value.strip();
        }

        @Override
        public void connectFailed(URI uri, SocketAddress address, IOException e) {
            // The client reports it; there is no second proxy.
        }
    }
}
