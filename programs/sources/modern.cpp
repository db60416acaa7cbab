// Exceptions across frames and threads, the standard library's file system, threads, locales, time.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <mutex>
#include <random>
#include <regex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace fs = std::filesystem;

static int released;
struct Guard {
    ~Guard() { released++; }
};

static int depth(int n)
{
    Guard guard;
    if (n == 0) throw std::runtime_error("from below");
    return depth(n - 1) + 1;
}

static void check(bool holds, const char *what)
{
    if (!holds) throw std::logic_error(what);
}

int main()
{
    try {
        depth(50);
        check(false, "nothing was thrown");
    } catch (const std::runtime_error &error) {
        check(released == 51 && std::string(error.what()) == "from below", "unwinding");
    }
    auto thrown = std::async(std::launch::async, []() -> int { throw std::out_of_range("in a thread"); });
    try {
        thrown.get();
        check(false, "no exception came out of the thread");
    } catch (const std::out_of_range &) {
    }
    std::mutex mutex;
    std::condition_variable ready;
    std::atomic<int> sum{0};
    bool go = false;
    std::vector<std::thread> threads;
    for (int i = 0; i < 16; i++)
        threads.emplace_back([&, i] {
            std::unique_lock lock(mutex);
            ready.wait(lock, [&] { return go; });
            sum += i;
        });
    {
        std::lock_guard lock(mutex);
        go = true;
    }
    ready.notify_all();
    for (auto &thread : threads) thread.join();
    check(sum == 120, "threads");

    fs::create_directories(L"d/ünï/e");
    std::ofstream(fs::path(L"d/ünï/e/文.txt")) << "text";
    fs::rename(L"d/ünï/e/文.txt", L"d/two.txt");
    check(fs::file_size("D/TWO.TXT") == 4, "names differ by case");
    int found = 0;
    for (auto &entry : fs::recursive_directory_iterator("d")) found += entry.is_regular_file() || entry.is_directory();
    check(found == 3, "the tree");
    check(fs::remove_all("d") == 4, "removal");
    auto began = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    check(std::chrono::steady_clock::now() - began >= std::chrono::milliseconds(19), "the clock");
    check(std::regex_match("a12", std::regex("a[0-9]+")), "regular expressions");
    check(std::random_device()() != std::random_device()(), "random numbers");
    std::cout << "all ok" << std::endl;
    return 9;
}
