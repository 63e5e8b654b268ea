# Prepares a file system of read-only system folders and an empty folder, leaves the old one, and runs a command.
# Arguments: an empty folder for the new root, the folder with the program's files, the size of both, the
# number of files, folders and links in both, the command.
root=$1; files=$2; size=$3; inodes=$4; shift 4
PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount --make-rprivate /
mount -t tmpfs -o "size=$size,nr_inodes=$inodes,mode=755,nosuid,nodev" tmpfs "$root"
for d in bin sbin lib lib32 lib64 libx32 usr; do
  if [ -L "/$d" ]; then ln -s "$(readlink "/$d")" "$root/$d"
  elif [ -d "/$d" ]; then
    mkdir "$root/$d"
    mount --rbind "/$d" "$root/$d"
    mount -o remount,bind,ro,nosuid,nodev "$root/$d"
  fi
done
mkdir "$root/dev" "$root/box" "$root/old" "$root/tmp" "$root/proc"
mount -t proc proc "$root/proc"
for d in null zero random urandom; do : > "$root/dev/$d"; mount --bind "/dev/$d" "$root/dev/$d"; done
cp -R "$files/." "$root/box"
cd "$root"
pivot_root . old
cd /box
umount -l /old
umount -l /proc
rmdir /old /proc
exec env -i PATH=/usr/local/bin:/usr/bin:/bin HOME=/box TMPDIR=/tmp LANG=C.UTF-8 "$@"
